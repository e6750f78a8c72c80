//! The cost of a proxy's request, by the number of routes in the catalog. The rounds of all servers alternate.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use keyrack::store::DatabaseUrl;

use crate::load::Load;
use crate::server::Server;
use crate::{ROUNDS, SECONDS, fill, median};

/// 0: the proxy's configuration requires the permission, and no route is looked up.
const ROUTES: [usize; 4] = [0, 10, 500, 5_000];
const KEYS: u64 = 10_000;

pub fn measure() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    println!("\n| routes | requests at a time | CPU a request, µs | requests a second | other than expected |");
    println!("|---|---|---|---|---|");
    // Each server needs its own file: one process owns a SQLite database.
    let servers = ROUTES.map(|routes| {
        let folder = folder.path().join(routes.to_string());
        std::fs::create_dir(&folder).unwrap();
        let database = folder.join("bench.db");
        fill::fill(&DatabaseUrl::Sqlite(database.clone()), &folder, KEYS);
        (routes, folder.join("good"), Server::with_catalog(&database, &catalog(&folder, routes)))
    });
    for pipelined in [1, 16] {
        let mut found = ROUTES.map(|_| (Vec::new(), Vec::new(), 0));
        for _ in 0..ROUNDS {
            for ((routes, keys, server), (cpu, rate, unexpected)) in servers.iter().zip(&mut found) {
                let load = Load { keys, part: (0, 1), pipelined, targets: *routes, status: 200 };
                let path = if *routes == 0 { "/auth/nginx?require=shifts:read" } else { "/auth/nginx" };
                let round = load.run(server, path, SECONDS);
                cpu.push(round.cpu_us);
                rate.push(round.per_second);
                *unexpected += round.unexpected;
            }
        }
        for (routes, (cpu, rate, unexpected)) in ROUTES.into_iter().zip(&mut found) {
            println!("| {routes} | {pipelined} | {:.2} | {:.0} | {unexpected} |", median(cpu), median(rate));
        }
    }
}

/// A catalog with this number of routes. The last one matches every path.
fn catalog(folder: &Path, routes: usize) -> PathBuf {
    let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/catalogs/soon.toml");
    let mut text = std::fs::read_to_string(built_in).unwrap();
    for n in 0..routes {
        let path = if n + 1 == routes { "/**".to_owned() } else { format!("/api/v2/things-{n}/*/parts/*") };
        write!(text, "\n[[route]]\nmethods = [\"GET\"]\npath = \"{path}\"\nrequire = [\"shifts:read\"]\n").unwrap();
    }
    let file = folder.join("catalog.toml");
    std::fs::write(&file, text).unwrap();
    file
}
