//! What the gate costs beside a bare actix handler, in the same run: `cargo bench --bench gate -- 10000 1000000`.
//! Servers have core 0 for themselves, the load (`wrk`, which has to be installed) core 1. Rounds alternate, so that a
//! slow moment meets all; the figure is CPU time of the server per request, bare over ours, which neighbours disturb less
//! than requests per second. Then what a key takes of memory, and how long a start takes. Of several instances:
//! `KEYRACK_DURABLE=1 tests/with-postgres cargo bench --bench gate -- revoke`. The cost of routes, by their number:
//! `cargo bench --bench gate -- routes`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod fill;
mod load;
mod revoke;
mod routes;
mod server;

use std::path::Path;

use keyrack::store::DatabaseUrl;
use load::Load;
use server::Server;

/// Rounds of each load; each lasts [`SECONDS`].
const ROUNDS: usize = 15;
const SECONDS: u32 = 1;
/// Keys of one round: about as many as are asked about in it. With fewer than all of a million the load is ready sooner, so
/// that what is compared lies close together in time, and has less of the memory's caches for itself.
const KEYS_A_ROUND: usize = 150_000;
/// Of pipelined requests there are so many times as many.
const PIPELINED_RATE: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|text| text != "--bench").collect();
    if let [mode, port] = arguments.as_slice()
        && mode == "bare"
    {
        server::serve_bare(port.parse().unwrap());
        return;
    }
    if arguments == ["revoke"] {
        revoke::measure();
        return;
    }
    if arguments == ["routes"] {
        routes::measure();
        return;
    }
    let sizes: Vec<u64> = arguments.iter().map(|text| text.parse().expect("how many keys")).collect();
    for keys in if sizes.is_empty() { vec![10_000] } else { sizes } {
        measure(keys);
    }
}

fn measure(keys: u64) {
    // A disk, not a memory file system.
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let database = folder.path().join("bench.db");
    fill::fill(&DatabaseUrl::Sqlite(database.clone()), folder.path(), keys);
    let empty = Server::empty(folder.path());
    let ours = Server::keyrack(&database);
    println!("\n{keys} keys: start to the first answer {} ms, to readiness {} ms", ours.answered_ms, ours.ready_ms);
    let per_key = (ours.resident_bytes() - empty.resident_bytes()) as f64 / keys as f64;
    println!("resident {:.1} MB, which is {per_key:.0} bytes a key", ours.resident_bytes() as f64 / 1e6);
    drop(empty);
    let bare = Server::bare();
    println!(
        "\n| {keys} keys | CPU bare ÷ ours | CPU a request, µs | bare, µs | requests a second | other than expected |"
    );
    println!("|---|---|---|---|---|---|");
    for (name, path, file, status) in rows() {
        // Pipelined, the kernel's part is small: our own work is seen.
        for pipelined in if name.starts_with("good") { vec![1, 16] } else { vec![1] } {
            let keys = &folder.path().join(file);
            let keys_a_round = if pipelined > 1 { KEYS_A_ROUND * PIPELINED_RATE } else { KEYS_A_ROUND };
            let parts = (std::fs::read_to_string(keys).unwrap().lines().count() / keys_a_round).max(1);
            row(&name, pipelined, &mut |round, is_ours| {
                let load = |status| Load { keys, part: (round % parts, parts), pipelined, targets: 0, status };
                match is_ours {
                    true => load(status).run(&ours, path, SECONDS),
                    false => load(200).run(&bare, "/verify", SECONDS),
                }
            });
        }
    }
}

fn rows() -> Vec<(String, &'static str, &'static str, u16)> {
    let doors = ["/v1/keys/self", "/auth/nginx?require=shifts:read"];
    let kinds =
        [("good", "good", 200), ("expired", "expired", 401), ("revoked", "revoked", 401), ("unknown", "unknown", 401)];
    let of_door = |door| kinds.map(move |(kind, file, status)| (format!("{kind}, {door}"), door, file, status));
    doors.into_iter().flat_map(of_door).collect()
}

fn row(name: &str, pipelined: usize, run: &mut dyn FnMut(usize, bool) -> load::Round) {
    let (mut ratios, mut ours, mut bares, mut rates, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let first = round % 2 == 0;
        let (a, b) = (run(round, first), run(round, !first));
        let (our, bare) = if first { (a, b) } else { (b, a) };
        ratios.push(bare.cpu_us / our.cpu_us);
        ours.push(our.cpu_us);
        bares.push(bare.cpu_us);
        rates.push(our.per_second);
        others += our.unexpected;
    }
    let how = if pipelined > 1 { format!(", {pipelined} pipelined") } else { String::new() };
    println!(
        "| {name}{how} | {:.3} | {:.2} | {:.2} | {:.0} | {others} |",
        median(&mut ratios),
        median(&mut ours),
        median(&mut bares),
        median(&mut rates)
    );
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The load's script, beside this file.
pub fn script() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/gate/keys.lua"))
}
