//! What the store holds of the use of keys.

use diesel::prelude::*;
use keyrack::keys::key::KeyId;
use keyrack::store::schema::{last_uses, use_addresses, use_counts};

use super::{Engine, World};

impl World {
    /// Hour, outcome, how many: oldest first.
    pub fn use_counts(&self, id: &KeyId) -> Vec<(i64, String, i64)> {
        let of_key = use_counts::table.filter(use_counts::key_id.eq(id.as_str()));
        let columns = (use_counts::hour, use_counts::outcome, use_counts::uses);
        self.look(|db| of_key.order((use_counts::hour, use_counts::outcome)).select(columns).load(db))
    }

    /// When, from where, by what client.
    pub fn last_use(&self, id: &KeyId) -> Option<(i64, Option<String>, Option<String>)> {
        let used = last_uses::table.find(id.as_str()).filter(last_uses::used_at.gt(0));
        let columns = (last_uses::used_at, last_uses::address, last_uses::client);
        self.look(|db| used.select(columns).first(db).optional())
    }

    /// From where, and when last.
    pub fn use_addresses(&self, id: &KeyId) -> Vec<(String, i64)> {
        let of_key = use_addresses::table.filter(use_addresses::key_id.eq(id.as_str()));
        self.look(|db| {
            of_key.order(use_addresses::address).select((use_addresses::address, use_addresses::seen_at)).load(db)
        })
    }

    /// From now on every row that is written to a table is an error, as on a full disk.
    pub fn refuse_rows_in(&self, table: &str) {
        self.fail_on("INSERT", table);
    }

    /// They are taken again.
    pub fn take_rows_in(&self, table: &str) {
        self.stop_failing_on("INSERT", table);
    }

    /// From now on every `INSERT`, `UPDATE` or `DELETE` of a row in a table is an error, as on a full disk.
    pub fn fail_on(&self, change: &str, table: &str) {
        let sql = match self.engine {
            Engine::Sqlite => format!(
                "CREATE TRIGGER fail_{table}_{change} BEFORE {change} ON {table} \
                 BEGIN SELECT RAISE (ABORT, 'disk full'); END;"
            ),
            Engine::Postgres => format!(
                "CREATE OR REPLACE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql \
                 AS $$ BEGIN RAISE 'disk full'; END $$; \
                 CREATE TRIGGER fail_{table}_{change} BEFORE {change} ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION disk_full();"
            ),
        };
        self.execute(&sql).unwrap();
    }

    /// Undoes [`fail_on`](World::fail_on).
    pub fn stop_failing_on(&self, change: &str, table: &str) {
        self.execute(&match self.engine {
            Engine::Sqlite => format!("DROP TRIGGER fail_{table}_{change}"),
            Engine::Postgres => format!("DROP TRIGGER fail_{table}_{change} ON {table}"),
        })
        .unwrap();
    }
}
