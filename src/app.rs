//! Every route and every layer, on one screen.

mod connections;
mod listener;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_http::{Request, Response};
use actix_server::Server;
use actix_service::apply_fn_factory;
use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::Service;
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, guard as match_on, web};
use data_encoding::BASE64;

use crate::clock::Clock;
use crate::config::{BadSetting, Settings};
use crate::fault::Fault;
use crate::form::{BODY_BYTES, create_body_bytes};
use crate::gate::Gate;
use crate::metrics::{self, Metrics};
use crate::people::session::{Limits, draw_cookie_key};
use crate::people::{Hashing, Sessions, UnstoredFailures};
use crate::public_url::PublicUrl;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::store::Store;
use crate::usage::Usage;
use crate::{assets, docs, edge, gate, health, home, keys, people, projects};

/// The most connections to the metrics' listener: few programs ask.
const METRICS_CONNECTIONS: usize = 64;

/// Who may call a route. The guards in the handlers' signatures see to it; the access tests are
/// generated from this table and hold them to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Anyone with the token of the first run, while there is no owner.
    FirstRun,
    /// Any member of a team.
    SignedIn,
    /// Members who may see keys.
    SeeKeys,
    /// Members who may keep keys.
    KeepKeys,
    /// Members who may see what is the team's as a whole.
    SeeTeam,
    /// Members who may change it.
    KeepTeam,
    /// A machine, by the key it presents.
    OwnKey,
    /// A program or a proxy that may ask about the keys of others.
    Asker,
}

/// A route as the access tests see it.
pub type Route = (&'static str, &'static str, Access);

macro_rules! routes {
    ($table:ident, $configure:ident, $wrong_method:path: $($path:expr => { $($method:ident $access:ident $handler:path),+ $(,)? })+) => {
        /// Path, method, access.
        pub const $table: &[Route] = &[$($(($path, stringify!($method), Access::$access)),+),+];

        fn $configure(app: &mut web::ServiceConfig, site: &Site) {
            $(app.service(
                web::resource($path)
                    .guard(match_on::fn_guard(|request| is_written_as($path, request.head().uri.path())))
                    .app_data(body_limit($path, site))
                    $(.route(routes!(@route $method).to($handler)))+
                    .default_service(web::to(|request: HttpRequest, site: web::Data<Site>| {
                        $wrong_method(request, site, &[$(routes!(@allowed $method)),+])
                    })),
            );)+
        }
    };
    (@allowed GET) => { "GET, HEAD" };
    (@allowed $method:ident) => { stringify!($method) };
    (@route GET) => { web::route().guard(match_on::Any(match_on::Get()).or(match_on::Head())) };
    (@route ANY) => { web::route() };
    (@route POST) => { web::post() };
    (@route DELETE) => { web::delete() };
    (@route OPTIONS) => { web::method(Method::OPTIONS) };
}

routes! { PAGES, pages, wrong_method:
    "/" => { GET Open home::ask }
    people::address::SETUP => { GET FirstRun people::setup::ask, POST FirstRun people::setup::act }
    people::address::LOGIN => { GET Open people::login::ask, POST Open people::login::act }
    people::address::LOGOUT => { POST SignedIn people::logout::act }
    people::address::SECURITY => { GET SignedIn people::security::ask, POST SignedIn people::security::act }
    people::address::CURRENT_TEAM => { POST SignedIn people::switch::act }
    people::address::TEAM => { GET SeeTeam people::team::ask, POST KeepTeam people::team::act }
    keys::address::LIST => { GET SeeKeys keys::list::ask }
    keys::address::ALIAS => { GET SignedIn keys::list::alias }
    keys::address::LIST_OF_KEYS => { POST KeepKeys keys::create::act }
    keys::address::NEW => { GET KeepKeys keys::create::ask }
    keys::address::KEY => { GET SeeKeys keys::details::ask }
    keys::address::EDIT => { GET KeepKeys keys::edit::ask, POST KeepKeys keys::edit::act }
    keys::address::REFUSALS => { GET SeeKeys keys::refusals::ask }
    keys::address::USING => { GET SeeKeys keys::using::ask }
    keys::address::REVOCATION => { GET KeepKeys keys::revoke::ask, POST KeepKeys keys::revoke::act }
    keys::address::REVOCATION_OF_ALL => { GET KeepTeam keys::revoke_all::ask, POST KeepTeam keys::revoke_all::act }
    keys::address::DELETION => { GET KeepKeys keys::delete::ask, POST KeepKeys keys::delete::act }
    projects::address::LIST => { GET SeeTeam projects::list::ask, POST KeepTeam projects::list::act }
    projects::address::EDIT => { GET KeepTeam projects::edit::ask, POST KeepTeam projects::edit::act }
    projects::address::ARCHIVAL => { GET KeepTeam projects::archive::ask, POST KeepTeam projects::archive::act }
    projects::address::RESTORATION => { POST KeepTeam projects::restore::act }
    docs::ADDRESS => { GET Open docs::api::ask }
    docs::GATEWAY => { GET Open docs::gateway::ask }
}

routes! { GATE_DOORS, gate_doors, gate::wrong_method:
    gate::address::OWN_KEY => {
        GET OwnKey gate::own_key::ask, DELETE OwnKey gate::own_key::act, OPTIONS Open gate::own_key::preflight,
    }
    gate::address::NGINX => { ANY Asker gate::forward_auth::nginx }
    gate::address::INGRESS_NGINX => { ANY Asker gate::forward_auth::ingress_nginx }
    gate::address::TRAEFIK => { ANY Asker gate::forward_auth::traefik }
    gate::address::CADDY => { ANY Asker gate::forward_auth::caddy }
    gate::address::ENVOY => { ANY Asker gate::forward_auth::envoy }
    gate::address::VERIFY => { POST Asker gate::verify::act }
    gate::address::INTROSPECT => { POST Asker gate::introspect::act }
}

routes! { DOORS, doors, wrong_method:
    health::UP => { GET Open health::up }
    health::READY => { GET Open health::ready }
    gate::address::OPENAPI => { GET Open gate::openapi::ask }
    gate::address::OAUTH_METADATA => { GET Open gate::oauth_metadata::ask }
    assets::ADDRESS => { GET Open assets::serve }
}

/// Whether a path is written as a machine endpoint's route is. Routing decodes `/%61uth/nginx`, which a proxy in front
/// that hides `/auth/` lets through. Pages are found in either spelling.
fn is_written_as(route: &str, path: &str) -> bool {
    match route.split_once('{') {
        _ if !edge::is_machine_door(route) => true,
        Some((beginning, _)) => path.starts_with(beginning),
        None => path == route,
    }
}

/// A create form is as long as the catalog makes it.
fn body_limit(path: &str, site: &Site) -> web::PayloadConfig {
    let is_create = path == keys::address::LIST_OF_KEYS;
    web::PayloadConfig::new(if is_create { create_body_bytes(site.catalog.choice_bytes()) } else { BODY_BYTES })
}

async fn wrong_method(
    _: HttpRequest,
    _: web::Data<Site>,
    allowed: &'static [&'static str],
) -> Result<HttpResponse, Fault> {
    Err(Refusal::WrongMethod(allowed.join(", ")).into())
}

async fn nothing_here() -> Result<HttpResponse, Fault> {
    Err(Refusal::NotFound.into())
}

/// A server that listens, and is not yet running.
pub struct Listening {
    /// Runs until it is told to stop.
    pub server: Server,
    /// Where people reach it.
    pub public_url: PublicUrl,
    /// Where the first team is made, while there is none.
    pub setup_link: Option<String>,
    /// Where the figures of this process are told, if they are.
    pub metrics_url: Option<String>,
    /// To be closed when the server has ended.
    pub gate: Arc<Gate>,
    /// What was noted of the use of keys: flushed once more when the server has ended.
    pub usage: Arc<Usage>,
}

/// Opens the database and the port. Every error is one line for the person who starts the program.
pub fn listen(settings: &Settings, clock: Clock) -> Result<Listening, BadSetting> {
    let store = Store::serve(&settings.database).map_err(BadSetting)?;
    listen_with(settings, clock, store)
}

/// As [`listen`], with a database that is open already.
pub fn listen_with(settings: &Settings, clock: Clock, store: Store) -> Result<Listening, BadSetting> {
    let listener =
        TcpListener::bind(settings.bind).map_err(|e| BadSetting(format!("cannot listen on {}: {e}", settings.bind)))?;
    let bound = listener.local_addr().map_err(|e| BadSetting(e.to_string()))?;
    let failed = |fault: Fault| BadSetting(format!("the database does not answer: {fault}"));
    let cookie_key = cookie_key(settings, &store)?;
    let setup_path = people::setup::new_link(&store, clock.now()).map_err(failed)?;
    let cores = available_parallelism().map_or(1, usize::from);
    let metrics = Arc::new(Metrics::new());
    let usage = Arc::new(Usage::new(store.clone(), clock.clone()));
    actix_web::rt::spawn(usage.clone().flush_from_time_to_time());
    let counted = (metrics.clone(), usage.clone());
    let gate = Arc::new(Gate::open(&store, &settings.catalog, &clock, counted, settings.judges_by_index));
    let site = Site {
        store,
        usage: usage.clone(),
        clock,
        gate: gate.clone(),
        catalog: settings.catalog.clone(),
        public_url: settings.public_url.clone().unwrap_or(PublicUrl::of_bind(bound)),
        listens_on: bound,
        cookie_key,
        hashing: Hashing::on(cores, metrics.password_hashes()),
        unstored_failures: UnstoredFailures::default(),
        metrics,
        trusted_proxies: settings.trusted_proxies.clone(),
        askers: Arc::new(gate::Askers::new(settings.gate_allow.clone())),
        sign_in_limit: settings.sign_in_limit,
    };
    let public_url = site.public_url.clone();
    let setup_link = setup_path.map(|path| format!("{public_url}{path}"));
    let limits = Limits { idle_s: settings.session_idle_s, absolute_s: settings.session_absolute_s };
    let metrics_url = settings.metrics_bind.map(|bind| serve_metrics(&site, bind)).transpose()?;
    let server = serve(site, limits, listener, settings.workers.unwrap_or(cores))
        .map_err(|e| BadSetting(format!("cannot listen on {bound}: {e}")))?;
    Ok(Listening { server, public_url, setup_link, metrics_url, gate, usage })
}

fn serve(site: Site, limits: Limits, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    let site = web::Data::new(site);
    let app = move || {
        let app = App::new()
            .app_data(site.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES))
            // First, and without a layer: what the gate's doors do for a request is all that is done.
            .configure(|app| gate_doors(app, &site))
            .service(
                web::scope("").wrap(from_fn(edge::observe)).configure(|app| doors(app, &site)).service(
                    web::scope("")
                        .wrap(sessions(&site, limits))
                        .wrap(from_fn(edge::keep_out))
                        .wrap(Compress::default())
                        .configure(|app| pages(app, &site))
                        .default_service(web::to(nothing_here)),
                ),
            );
        let site = site.clone();
        apply_fn_factory(app, move |request: Request, app: &_| {
            let answer = gate::answer_at_once(request.head(), &site);
            // In a box, since what is answered at once should not carry the room for it about.
            let answer = answer.ok_or_else(|| Box::pin(Service::call(app, request)));
            async move {
                match answer {
                    Ok(answer) => Ok(Response::from(answer)),
                    Err(passed_on) => passed_on.await.map(Response::from),
                }
            }
        })
    };
    let connections = listener::connections_per_worker(listener::raise_file_limit(), workers);
    Ok(listener::serve(listener, workers, connections, app)?.run())
}

/// Serves the figures of this process beside it, for as long as it runs.
fn serve_metrics(site: &Site, bind: SocketAddr) -> Result<String, BadSetting> {
    let cannot = |e: std::io::Error| BadSetting(format!("--metrics-bind: cannot listen on {bind}: {e}"));
    let site = web::Data::new(site.clone());
    let app = move || App::new().app_data(site.clone()).service(web::resource(metrics::ADDRESS).get(metrics::ask));
    let listener = TcpListener::bind(bind).map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    let server = listener::serve(listener, 1, METRICS_CONNECTIONS, app).map_err(cannot)?;
    actix_web::rt::spawn(server.disable_signals().run());
    Ok(format!("http://{bound}{}", metrics::ADDRESS))
}

fn sessions(site: &Site, limits: Limits) -> SessionMiddleware<Sessions> {
    let store = Sessions::new(site.store.clone(), site.clock.clone(), limits);
    let lifetime = actix_web::cookie::time::Duration::seconds(limits.absolute_s);
    SessionMiddleware::builder(store, Key::from(&site.cookie_key))
        .cookie_name(site.cookie_name("session"))
        .cookie_path("/".into())
        .cookie_secure(site.public_url.keeps_secure_cookies())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(PersistentSession::default().session_ttl(lifetime))
        .build()
}

/// From the secret file, or drawn once and kept in the database.
fn cookie_key(settings: &Settings, store: &Store) -> Result<Vec<u8>, BadSetting> {
    const BYTES: usize = 64;
    if let Some(file) = &settings.secret_file {
        let key = std::fs::read(file).map_err(|e| BadSetting(format!("--secret-file {}: {e}", file.display())))?;
        if key.len() < BYTES {
            return Err(BadSetting(format!("--secret-file {} has fewer than {BYTES} bytes", file.display())));
        }
        return Ok(key);
    }
    let fresh = BASE64.encode(&draw_cookie_key());
    let keep = || store.write_here(|db| people::store::cookie_key(db, &fresh));
    // Of several instances that start on an empty database, one keeps its own, and the others find it.
    let kept = keep().or_else(|_| keep());
    let kept = kept.map_err(|fault| BadSetting(format!("the database does not answer: {fault}")))?;
    BASE64.decode(kept.as_bytes()).map_err(|_| BadSetting("the cookie key in the database cannot be read".into()))
}
