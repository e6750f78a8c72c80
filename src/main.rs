//! The `keyrack` program: reads the settings, then does what the command says.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use keyrack::app::{self, Listening};
use keyrack::clock::Clock;
use keyrack::command::{catalog, demo, gate_token, user};
use keyrack::config::{
    BadSetting, CatalogCommand, Cli, Command, DatabaseArgs, DemoArgs, LogFormat, ServeArgs, Settings,
};
use keyrack::huge_pages;
use keyrack::public_url::PublicUrl;
use keyrack::store::{DatabaseUrl, Store};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

/// A request takes and gives back memory some twenty times: this one does it quicker than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    huge_pages::refuse();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => return tell_usage(&told),
    };
    let done = match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(args) => serve(&args),
        Command::Demo(args) => serve_demo(&args),
        Command::User(command) => user::run(&command, &Clock::System).map(|told| say(&told)),
        Command::GateToken(command) => gate_token::run(&command, &Clock::System).map(|told| say(&told)),
        Command::Migrate(args) => migrate(&args),
        Command::Catalog(CatalogCommand::Check { file }) => return check_catalog(&file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(bad) => refuse(&bad.to_string()),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("keyrack: {why}");
    ExitCode::from(2)
}

/// Help as it is; a flag that cannot be read in one line, like any other bad setting.
fn tell_usage(told: &clap::Error) -> ExitCode {
    if !told.use_stderr() || told.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        told.exit();
    }
    let text = told.to_string();
    let what = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    refuse(&format!("{} (keyrack --help tells more)", what.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// Tells the person who started the program; what they pipe it into may have hung up.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn log(format: LogFormat) {
    let ours_and_errors = Targets::new().with_target("keyrack", LevelFilter::INFO).with_default(LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(ours_and_errors);
    match format {
        LogFormat::Text => registry.with(lines.with_ansi(false)).init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
}

/// Listens and serves within one actix system, until it is told to stop.
fn run(listen: impl FnOnce() -> Result<Listening, BadSetting>) -> Result<(), BadSetting> {
    actix_web::rt::System::new().block_on(async {
        let Listening { server, public_url, setup_link, metrics_url, gate, usage } = listen()?;
        // The server begins, and minds the signals that stop it, before anyone is told of it.
        let server = actix_web::rt::spawn(server);
        actix_web::rt::task::yield_now().await;
        announce(&public_url, setup_link.as_deref());
        if let Some(url) = metrics_url {
            say(&format!("Its figures are at {url}"));
        }
        let stopped = |e: &dyn std::fmt::Display| BadSetting(format!("the server stopped: {e}"));
        let ended = server.await;
        gate.close();
        usage.flush_for_the_last_time().await;
        ended.map_err(|e| stopped(&e))?.map_err(|e| stopped(&e))
    })
}

fn announce(public_url: &PublicUrl, setup_link: Option<&str>) {
    if !public_url.keeps_secure_cookies() {
        tracing::warn!(target: "keyrack", "{public_url} is plain http: others on the network can read passwords and keys");
    }
    say(&format!("Keyrack is at {public_url}"));
    if let Some(link) = setup_link {
        say(&format!("Make the first team and its owner, within 24 hours: {link}"));
    }
}

fn serve(args: &ServeArgs) -> Result<(), BadSetting> {
    let settings = Settings::of(args)?;
    log(settings.log_format);
    run(|| app::listen(&settings, Clock::System))
}

fn serve_demo(args: &DemoArgs) -> Result<(), BadSetting> {
    let mut settings = Settings::of(&args.serve)?;
    log(settings.log_format);
    // Held until the end: its folder, and the database in it, go with it.
    let folder = tempfile::tempdir().map_err(|e| BadSetting(format!("cannot make a temporary folder: {e}")))?;
    if args.serve.database.database_url.is_none() {
        settings.database = DatabaseUrl::Sqlite(folder.path().join("demo.db"));
    }
    let store = Store::serve(&settings.database).map_err(BadSetting)?;
    let wish = demo::Wish {
        catalog: &settings.catalog,
        password: args.password.as_deref(),
        keys: args.keys,
        secrets: args.secrets.as_deref(),
    };
    let password = demo::fill(&store, &wish, Clock::System.now())?;
    for (email, role) in demo::accounts() {
        say(&format!("{role:<7} {email}"));
    }
    say(&format!("Password of all: {password}"));
    run(|| app::listen_with(&settings, Clock::System, store))
}

fn migrate(args: &DatabaseArgs) -> Result<(), BadSetting> {
    Store::serve(&args.url()?).map_err(BadSetting)?;
    say("The database is up to date.");
    Ok(())
}

/// Warnings and mistakes are plain lines that begin with file and line, as editors read them.
fn check_catalog(file: &Path) -> ExitCode {
    match catalog::check(file) {
        Ok(checked) => {
            checked.lines.iter().for_each(|line| say(line));
            checked.warnings.iter().for_each(|warning| eprintln!("{warning}"));
            ExitCode::SUCCESS
        }
        Err(mistakes) => {
            mistakes.iter().for_each(|mistake| eprintln!("{mistake}"));
            ExitCode::from(2)
        }
    }
}
