//! A stage for one planted fault: instances on a database of their own, and what every scene does on it.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tokio::task::{JoinHandle, JoinSet};

use super::clients::{Changer, Held, Run, pause};
use super::cluster::Cluster;
use super::door::Door;
use super::faults::blocking;
use super::instance;
use super::judge::judge;
use super::judgement::Judgement;
use super::question::{Entrance, Question};
use super::record::Told;
use super::relay::{Relay, Trap, Way};

/// Where a change is made, and two where it must be known.
pub const A: usize = 0;
pub const B: usize = 1;
pub const C: usize = 2;

pub type Variables = Vec<(&'static str, String)>;

pub struct Scene {
    pub run: Arc<Run>,
    pub cluster: Arc<Cluster>,
    pub database: String,
    changer: Option<Changer>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Scene {
    /// A stage on which nobody runs yet.
    pub async fn set(cluster: &Arc<Cluster>, variables: &[Variables; 3]) -> Scene {
        let database = cluster.database();
        let each: Vec<&[_]> = variables.iter().map(Vec::as_slice).collect();
        let run = Run::on(instance::several(cluster, &database, &each).await);
        Scene { run, cluster: cluster.clone(), database, changer: None }
    }

    /// Starts those, and waits until each is granted a lease.
    pub async fn enter(&mut self, instances: &[usize]) {
        for at in instances {
            let starting = self.run.instances[*at].clone();
            blocking(move || starting.start()).await.unwrap();
        }
        self.until_granted(instances.len()).await;
    }

    /// Waits until so many have acknowledged the latest change.
    pub async fn until_granted(&self, instances: usize) {
        let granted = "SELECT count(*) AS count FROM instances JOIN head ON acked = seq";
        self.until(granted, instances as i64).await;
    }

    /// Waits until the key's revoke is committed, answered or not.
    pub async fn until_revoked(&self, key: &Held) {
        self.until_so(key, "revoked_at IS NOT NULL").await;
    }

    /// Waits until that is committed of a key, answered or not.
    pub async fn until_so(&self, key: &Held, condition: &str) {
        let id = key.id.as_ref().expect("the page told of it");
        self.until(&format!("SELECT count(*) AS count FROM keys WHERE {condition} AND id = '{id}'"), 1).await;
    }

    async fn until(&self, sql: &str, wanted: i64) {
        let (url, sql) = (self.cluster.url(&self.database), sql.to_owned());
        let told = blocking(move || {
            let mut db = PgConnection::establish(&url).unwrap();
            for _ in 0..4_000 {
                let told: Count = diesel::sql_query(&sql).get_result(&mut db).unwrap();
                if told.count == wanted {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(5)); // other processes: no clock of ours moves them
            }
            Err(format!("it never came to {wanted}: {sql}"))
        });
        told.await.unwrap();
    }

    /// Those enter, and a key is made.
    pub async fn with_key(&mut self, instances: &[usize]) -> Held {
        self.enter(instances).await;
        self.key().await
    }

    /// A new key, made at A and known everywhere.
    pub async fn key(&mut self) -> Held {
        let mut changer = match self.changer.take() {
            Some(changer) => changer,
            None => Changer::at(&self.run, A).await,
        };
        let key = changer.create(A).await.expect("a key is made while all are well");
        self.changer = Some(changer);
        key
    }

    /// B is stopped, the next time that it comes so far.
    pub async fn stop_b(&self, at: Trap) -> &Relay {
        let relay = &self.run.instances[B].relay;
        relay.lay(at);
        relay.caught().await;
        relay
    }

    /// B hears nothing more, and nothing comes from it: from a moment on in which it keeps nobody from anything.
    pub async fn swallow_at_b(&self) -> &Relay {
        let relay = self.stop_b(Trap::HearingOfGrant).await;
        relay.set(Way::Swallowing);
        relay.release(None);
        relay
    }

    /// The key is revoked at A, and knocked for at B as soon as that is answered.
    pub async fn revoke_and_knock(&self, key: &Held) {
        self.revoke(A, key).await.unwrap();
        self.knock_at_b(key).await;
    }

    /// Olga, who made the keys.
    pub fn olga(&self) -> Changer {
        self.changer.clone().expect("a key was made")
    }

    /// Begins to revoke the key through the page of an instance.
    pub fn revoke(&self, at: usize, key: &Held) -> JoinHandle<Told> {
        let (mut changer, key) = (self.olga(), key.clone());
        tokio::spawn(async move { changer.revoke(at, &key).await })
    }

    /// Verifies the key on B, right now and at all doors.
    pub async fn knock_at_b(&self, key: &Held) {
        let mut knocking = JoinSet::new();
        for at in Entrance::ALL {
            let (run, key) = (self.run.clone(), key.clone());
            knocking.spawn(async move {
                let mut door = Door::default();
                for is_from_outside in [true, false] {
                    run.ask(&mut door, B, &key, Question { at, is_from_outside }).await;
                }
            });
        }
        knocking.join_all().await;
    }

    /// Verifies the key on B without a pause, from now on until it is told to end.
    pub fn keep_knocking_at_b(&self, key: &Held) -> Vec<JoinHandle<()>> {
        let one = || {
            let (run, key) = (self.run.clone(), key.clone());
            tokio::spawn(async move {
                let mut door = Door::default();
                loop {
                    run.verify(&mut door, B, &key).await;
                    pause(3).await;
                }
            })
        };
        (0..4).map(|_| one()).collect()
    }

    /// Ends those that run, and judges what was seen of them.
    pub async fn end(self) -> Judgement {
        let seen = self.judged();
        for instance in self.run.instances.clone() {
            blocking(move || instance.kill()).await;
        }
        seen
    }

    /// What was seen so far.
    pub fn judged(&self) -> Judgement {
        judge(&self.run.history.operations())
    }
}
