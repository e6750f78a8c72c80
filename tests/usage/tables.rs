//! The tables of use: what is in them, for how long.

use keyrack::clock::Moment;
use keyrack::gate::asked::Caller;
use keyrack::gate::verdict::Code;

use crate::both_engines;
use crate::world::NOON;

const DAY_S: i64 = 86_400;

both_engines!(
    async fn counts_are_kept_for_ninety_days_and_then_forgotten_a_few_at_a_time(world) {
        let (id, _) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        let from = Some("203.0.113.7".parse().unwrap());
        for hour in 0..1_300 {
            let at = Moment::from_unix(NOON - DAY_S * 92 + hour * 3_600).unwrap();
            world.usage.tally.note(id.packed(), Code::Valid, Caller { at, address: from, client: None });
            if hour % 100 == 99 {
                world.flush().await;
            }
        }
        assert_eq!(world.use_counts(&id).len(), 1_300);
        world.usage.prune().await.unwrap();
        let kept = world.use_counts(&id);
        assert_eq!(kept.first().unwrap().0, NOON - DAY_S * 91, "90 days and the one that is going on");
        assert_eq!(kept.len(), 1_300 - 24);
        assert!(world.use_addresses(&id).is_empty(), "nobody asks from where it was used longer than a day ago");
        assert!(world.last_use(&id).is_some(), "the last use stays");
        world.clock.advance(DAY_S * 40);
        world.usage.prune().await.unwrap();
        assert_eq!(world.use_counts(&id).len(), 1_300 - 24 - 40 * 24, "however many there are");
    }
);

both_engines!(
    async fn uses_that_a_clock_which_was_ahead_put_into_the_future_are_forgotten(world) {
        let (id, _) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        for (ahead, address) in [(DAY_S * 400, "203.0.113.7"), (30, "203.0.113.8"), (0, "203.0.113.9")] {
            let at = Moment::from_unix(NOON + ahead).unwrap();
            let address = Some(address.parse().unwrap());
            world.usage.tally.note(id.packed(), Code::Valid, Caller { at, address, client: None });
            world.flush().await;
        }
        world.usage.prune().await.unwrap();
        let hours: Vec<i64> = world.use_counts(&id).into_iter().map(|count| count.0).collect();
        assert_eq!(hours, [NOON]);
        let addresses: Vec<String> = world.use_addresses(&id).into_iter().map(|(address, _)| address).collect();
        assert_eq!(addresses, ["203.0.113.8", "203.0.113.9"], "another instance's clock may be a little ahead");
    }
);

both_engines!(
    async fn deleting_a_key_deletes_its_use_and_the_audit_log_stays(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key("HR sync", &["shifts:read"]).await;
        let (other, others) = olga.create_key("Other", &["shifts:read"]).await;
        for secret in [&secret, &others] {
            assert_eq!(olga.knock(secret).await, 200);
        }
        olga.revoke(&id).await;
        world.flush().await;
        assert!(!world.use_counts(&id).is_empty() && world.last_use(&id).is_some() && !world.use_addresses(&id).is_empty());
        assert_eq!(olga.delete(&id).await.status, 303);
        assert!(world.use_counts(&id).is_empty() && world.last_use(&id).is_none() && world.use_addresses(&id).is_empty());
        assert!(!world.use_counts(&other).is_empty() && world.last_use(&other).is_some());
        assert_eq!(world.history(&id).len(), 3);
    }
);

both_engines!(
    async fn neither_keys_nor_secrets_stand_in_the_tables_of_use(world) {
        let (_, secret) = world.sign_in("olga").await.create_key("HR sync", &["shifts:read"]).await;
        let mut program = world.visitor();
        program.headers.push(("User-Agent", format!("curl {}", "x".repeat(4_000))));
        assert_eq!(program.knock(&secret).await, 200);
        world.flush().await;
        world.assert_not_stored(&secret);
        let longest = world.texts("SELECT CAST(max(length(client)) AS TEXT) AS value FROM last_uses");
        assert!(longest == ["120"] || longest.is_empty(), "{longest:?}");
    }
);
