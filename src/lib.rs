//! Keyrack: the Developers page of a product, ready to host, and the door at which the product's own
//! API asks whether a key is good.
//!
//! # The map
//!
//! | room | owns |
//! |---|---|
//! | [`keys`] | what a key is, what may be granted, the page on which a team keeps its keys |
//! | [`projects`] | what a team files its keys under |
//! | [`people`] | who is a member of which team, how they prove it, and for how long |
//! | [`gate`] | is this key good, and for what |
//! | [`usage`] | how much each key is used, when it was last, and what of it was refused |
//! | [`audit`] | who did what, when, from where |
//! | [`docs`] | how to use a key |
//! | [`store`] | the pools, what differs between SQLite and Postgres, the tables |
//!
//! Around them: [`app`] has every route and layer on one screen, [`config`] every knob, [`clock`] the
//! time, [`client_ip`] the IP addresses that proxies write, [`guard`] who is at the door, [`form`] what they send, [`edge`] what holds for every request, [`fault`] and
//! [`refusal`] what stops one, [`fault_page`] and [`problem`] how that is told, [`page`] how a template becomes an
//! answer, [`site`] what every handler may use, [`metrics`] the figures of the process, [`huge_pages`] its memory's, [`command`] what the program does beside serving.
//!
//! # The rules
//!
//! A room has *nouns* (pure rules, tested at their foot), a *store* (the only SQL) and *verbs* (the
//! pages and endpoints). One action has one stem: `src/keys/revoke.rs`, `templates/keys/revoke.html`,
//! `tests/keys/revoke.rs`. GET asks, POST does: a verb has at most two handlers, `ask` and `act`.
//! Nouns import no web and no database; verbs import no database; rooms meet through each other's
//! `mod.rs` and nouns. `tests/house.rs` reads the `use` lines and holds the house to it.
//!
//! What must not happen cannot be written: a spent key has no `rename`
//! ([`keys::key::SpentKey`]), grants are never empty ([`keys::grants::Grants`]), a secret has no
//! `Display` ([`keys::secret::KeySecret`]), a handler that changes keys demands a
//! [`guard::Keeper`], which only the guard makes. The type guards the reader; a guarded single
//! `UPDATE` guards the race.
//!
//! # Two walks
//!
//! **A key is created.** `POST /settings/developers/keys` meets [`edge::observe`] (id, log, headers),
//! [`edge::keep_out`] (our host, our page) and the session. [`form::Posted`] proves the Keeper,
//! then the form's token and team, then its fields. [`keys::create`] parses them into a
//! [`keys::draft::Draft`], mints a [`keys::secret::KeySecret`], and in one transaction keeps the key,
//! its form's nonce and its audit row. The answer's body is the only place the secret ever stands.
//!
//! **A request brings a key.** `GET /v1/keys/self` meets no layer, and mostly not even routing: [`gate::answer_at_once`]
//! stands in front of it. [`gate::bearer`] reads the header, [`keys::secret`] checks form and checksum without a look-up,
//! [`gate::index`] shows what is known under the digest while the [`gate::lease`] holds (afterwards the request is routed,
//! to the same door, and the database is asked), [`gate::verdict`] decides at this very second, the use is noted beside the
//! key ([`usage::noted`]), and the answer says what the key may, or 401 and why. What a transaction changes of this,
//! [`store::note`] notes in it; [`store::Store::write`] returns when the gate's watch has seen to it that every instance
//! knows.
#![forbid(unsafe_code)]

pub mod app;
pub mod assets;
pub mod audit;
pub mod calendar;
pub mod client_ip;
pub mod clock;
pub mod command;
pub mod config;
pub mod docs;
pub mod edge;
pub mod fault;
pub mod fault_page;
pub mod form;
pub mod gate;
pub mod guard;
pub mod health;
pub mod home;
pub mod huge_pages;
pub(crate) mod id;
pub(crate) mod json;
pub mod keys;
pub mod lock;
pub mod metrics;
pub mod page;
pub mod people;
pub mod problem;
pub mod projects;
pub mod public_url;
pub mod refusal;
pub mod site;
pub mod store;
pub mod usage;
