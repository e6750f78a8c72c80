//! Every knob, its default and its unit. Reads flags and `KEYRACK_…` variables into [`Settings`];
//! what cannot work is refused here in one line, before anything starts.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::command::catalog;
use crate::keys::catalog::Catalog;
use crate::public_url::PublicUrl;
use crate::store::DatabaseUrl;

/// A setting that cannot work: one line for the person who starts the program.
#[derive(Debug)]
pub struct BadSetting(pub String);

impl std::fmt::Display for BadSetting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The Developers page of a product, ready to host.
///
/// Owners of a team create, rename, revoke and delete API keys in a browser; the product's own API
/// asks Keyrack whether a key is good. Started without a command, it serves.
#[derive(Parser, Debug)]
#[command(name = "keyrack", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Every flag can also be set in the environment, as KEYRACK_ and its name: KEYRACK_BIND=0.0.0.0:8080.\n\
    First start: open the printed link to make the first team and its owner. To look around first: keyrack demo"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve, when no command is given.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the pages and the gate (the default).
    Serve(ServeArgs),
    /// Serve a throw-away team with keys in every state, one account per role and one password.
    ///
    /// Uses a temporary SQLite file that is removed at exit, or an empty database given by --database-url.
    Demo(DemoArgs),
    /// Add people, or set a new password, beside a running server.
    #[command(subcommand)]
    User(UserCommand),
    /// Let programs ask the gate about keys from anywhere, beside a running server.
    #[command(subcommand)]
    GateToken(GateTokenCommand),
    /// Bring the database up to date and exit. Serving does it too.
    Migrate(DatabaseArgs),
    /// Look at a catalog: the file that says what keys may be granted.
    #[command(subcommand)]
    Catalog(CatalogCommand),
}

/// Which database.
#[derive(Args, Debug, Clone)]
pub struct DatabaseArgs {
    /// Where the data is: sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://data/keyrack.db]
    #[arg(long, env = "KEYRACK_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// How to serve.
#[derive(Args, Debug, Clone)]
pub struct ServeArgs {
    /// Which database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The address to listen on.
    #[arg(long, env = "KEYRACK_BIND", value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub bind: String,
    /// The address people type: scheme, host and port [default: http:// and --bind]
    #[arg(long, env = "KEYRACK_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// What keys may be granted: a TOML file, which `keyrack catalog check` explains [default: built in, Soon's]
    #[arg(long, env = "KEYRACK_CATALOG", value_name = "FILE")]
    pub catalog: Option<PathBuf>,
    /// Proxies whose X-Forwarded-For, or without that header Forwarded, counts: as addresses or networks, separated by commas.
    #[arg(long, env = "KEYRACK_TRUSTED_PROXIES", value_name = "CIDR,…", default_value = "")]
    pub trusted_proxies: String,
    /// Whether keys are judged by an index of all of them in memory, or the database is asked each time.
    #[arg(long, env = "KEYRACK_INDEX", value_enum, default_value = "on")]
    pub index: Switch,
    /// Who may ask the gate about keys without a gate token, as addresses or networks, separated by commas.
    #[arg(long, env = "KEYRACK_GATE_ALLOW", value_name = "CIDR,…", default_value = "127.0.0.0/8,::1")]
    pub gate_allow: String,
    /// Threads that answer requests [default: one a core]
    #[arg(long, env = "KEYRACK_WORKERS", value_name = "N")]
    pub workers: Option<String>,
    /// Where figures for Prometheus are told, as /metrics: an address that only they reach who watch [default: nowhere]
    #[arg(long, env = "KEYRACK_METRICS_BIND", value_name = "HOST:PORT")]
    pub metrics_bind: Option<String>,
    /// One line a request, for people or for machines.
    #[arg(long, env = "KEYRACK_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// A file with at least 64 random bytes that cookies are signed with [default: drawn once, kept in the database]
    #[arg(long, env = "KEYRACK_SECRET_FILE", value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Serve over plain http under a name that is not this machine's own. Passwords and keys then cross the network in the open.
    #[arg(long, env = "KEYRACK_ALLOW_PLAIN_HTTP", value_parser = FalseyValueParser::new())]
    pub allow_plain_http: bool,
    /// Failed sign-ins from one address (an IPv6 /64 counts as one) before it has to wait, in 5 minutes.
    #[arg(long, env = "KEYRACK_SIGN_IN_LIMIT", value_name = "N", default_value = "20")]
    pub sign_in_limit: String,
    /// Hours without a request after which a person is signed out.
    #[arg(long, env = "KEYRACK_SESSION_IDLE_HOURS", value_name = "HOURS", default_value = "8")]
    pub session_idle_hours: String,
    /// Hours after which a person is signed out in any case.
    #[arg(long, env = "KEYRACK_SESSION_HOURS", value_name = "HOURS", default_value = "168")]
    pub session_hours: String,
}

/// How to serve the demo.
#[derive(Args, Debug, Clone)]
pub struct DemoArgs {
    /// How to serve.
    #[command(flatten)]
    pub serve: ServeArgs,
    /// The password of every demo account [default: drawn and printed]
    #[arg(long, env = "KEYRACK_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// So many more active keys, for measuring.
    #[arg(long, env = "KEYRACK_KEYS", value_name = "N", default_value = "0", requires = "secrets")]
    pub keys: u64,
    /// The file that gets the secrets of those keys, one a line, readable by its owner only.
    #[arg(long, env = "KEYRACK_SECRETS", value_name = "FILE")]
    pub secrets: Option<PathBuf>,
}

/// Commands about people.
#[derive(Subcommand, Debug)]
pub enum UserCommand {
    /// Add a person to a team. The password is read from standard input; a known e-mail joins the team and is asked none.
    Add {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
        /// Their e-mail address.
        #[arg(long)]
        email: String,
        /// Their name, as the pages show it.
        #[arg(long)]
        name: String,
        /// owner, admin, viewer or member.
        #[arg(long)]
        role: String,
        /// The team's name; a new one is made.
        #[arg(long)]
        team: String,
    },
    /// Set a new password, read from standard input. Ends that person's sessions.
    Password {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
        /// Whose.
        #[arg(long)]
        email: String,
    },
}

/// Commands about gate tokens: what a program proves itself by that asks about keys, where its address does not do it.
#[derive(Subcommand, Debug)]
pub enum GateTokenCommand {
    /// Print a new token, once. It is kept as its hash only.
    Add {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
        /// Who will use it, for instance the name of a proxy.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Take a token out of use, on every instance.
    Remove {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
        /// As it was added.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Print the names of all tokens, and when each was added.
    List {
        /// Which database.
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// Commands about catalogs.
#[derive(Subcommand, Debug)]
pub enum CatalogCommand {
    /// Tell what a catalog offers, or every mistake in it with its line. Ends with 0, or with 2 if there are mistakes.
    Check {
        /// The TOML file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// On or off.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// For whom log lines are written.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl DatabaseArgs {
    /// The database to use.
    pub fn url(&self) -> Result<DatabaseUrl, BadSetting> {
        DatabaseUrl::parse(self.database_url.as_deref().unwrap_or("sqlite://data/keyrack.db")).map_err(BadSetting)
    }
}

/// How to serve, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the data is.
    pub database: DatabaseUrl,
    /// The address to listen on; port 0 lets the system choose.
    pub bind: SocketAddr,
    /// The address people type; none: `http://` and what is listened on.
    pub public_url: Option<PublicUrl>,
    /// What keys may be granted.
    pub catalog: Catalog,
    /// Whose `X-Forwarded-For` and `Forwarded` count.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether keys are judged by the index in memory.
    pub judges_by_index: bool,
    /// Who may ask the gate about keys without a gate token.
    pub gate_allow: Vec<IpNet>,
    /// Threads that answer requests; none: one a core.
    pub workers: Option<usize>,
    /// Where the figures of the process are told; none: nowhere.
    pub metrics_bind: Option<SocketAddr>,
    /// For whom log lines are written.
    pub log_format: LogFormat,
    /// The bytes cookies are signed with; none: kept in the database.
    pub secret_file: Option<PathBuf>,
    /// Failed sign-ins of one address in 5 minutes before it waits.
    pub sign_in_limit: i64,
    /// Seconds without a request after which a session ends.
    pub session_idle_s: i64,
    /// Seconds after which a session ends in any case.
    pub session_absolute_s: i64,
}

impl Settings {
    /// Checks what was given.
    pub fn of(args: &ServeArgs) -> Result<Settings, BadSetting> {
        let bind = bind_address("--bind", &args.bind)?;
        let metrics_bind = args.metrics_bind.as_deref().map(|text| bind_address("--metrics-bind", text)).transpose()?;
        let public_url = args.public_url.as_deref().map(PublicUrl::parse).transpose().map_err(BadSetting)?;
        let shown = public_url.clone().unwrap_or(PublicUrl::of_bind(bind));
        if !shown.keeps_secure_cookies() && !args.allow_plain_http {
            return Err(BadSetting(format!(
                "{shown} is plain http under a name that others can reach: set --public-url https://… (and a proxy that speaks TLS), or --allow-plain-http if the network is yours"
            )));
        }
        Ok(Settings {
            database: args.database.url()?,
            bind,
            public_url,
            catalog: args.catalog.as_deref().map_or_else(|| Ok(Catalog::built_in()), given_catalog)?,
            judges_by_index: args.index == Switch::On,
            trusted_proxies: networks("--trusted-proxies", &args.trusted_proxies)?,
            gate_allow: networks("--gate-allow", &args.gate_allow)?,
            workers: args.workers.as_deref().map(|n| positive("--workers", n, 1_024)).transpose()?.map(|n| n as usize),
            metrics_bind,
            log_format: args.log_format,
            secret_file: args.secret_file.clone(),
            sign_in_limit: positive("--sign-in-limit", &args.sign_in_limit, 1_000_000)?,
            session_idle_s: 3_600 * positive("--session-idle-hours", &args.session_idle_hours, 8_760)?,
            session_absolute_s: 3_600 * positive("--session-hours", &args.session_hours, 8_760)?,
        })
    }
}

fn bind_address(flag: &str, text: &str) -> Result<SocketAddr, BadSetting> {
    text.to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next())
        .ok_or_else(|| BadSetting(format!("{flag} {text:?} is not an address and a port, like 127.0.0.1:8080")))
}

/// Each mistake on a line of its own, behind the flag that the file was given by.
fn given_catalog(file: &Path) -> Result<Catalog, BadSetting> {
    catalog::read(file).map_err(|mistakes| BadSetting(format!("--catalog {}", mistakes.join("\n"))))
}

fn networks(flag: &str, text: &str) -> Result<Vec<IpNet>, BadSetting> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            part.parse::<IpNet>().or_else(|_| part.parse::<std::net::IpAddr>().map(IpNet::from)).map_err(|_| {
                BadSetting(format!("{flag}: {part:?} is neither an address nor a network like 10.0.0.0/8"))
            })
        })
        .collect()
}

fn positive(flag: &str, text: &str, most: i64) -> Result<i64, BadSetting> {
    text.parse::<i64>()
        .ok()
        .filter(|n| (1..=most).contains(n))
        .ok_or_else(|| BadSetting(format!("{flag} {text:?} is not a number from 1 to {most}")))
}
