//! Which fields of a resource a key reaches: all of them, or the few that were chosen.

use keyrack::keys::address;
use serde_json::json;

use crate::both_engines;
use crate::world::form::{Answer, Form};
use crate::world::keys::url;
use crate::world::{Engine, World};

/// Thirty resources, each with fields; Employees has forty.
async fn admin_v2(engine: Engine) -> World {
    World::of_catalog(engine, "admin-v2").await
}

const READ: (&str, &str) = ("permission", "employees:read");
const SOME: (&str, &str) = ("fields.employees", "some");

/// What a form says of permissions and fields, but for the resources of which it says nothing.
fn chosen(form: &Form) -> Vec<(String, String)> {
    let is_choice = |(name, value): &&(String, String)| {
        ["permission", "field"].contains(&name.as_str()) || (name.starts_with("fields.") && value != "all")
    };
    let mut chosen: Vec<_> = form.fields.iter().filter(is_choice).cloned().collect();
    chosen.sort();
    chosen
}

/// The form that an answer shows again.
fn shown(answer: &Answer) -> Form {
    answer.form(address::LIST_OF_KEYS)
}

both_engines!(
    admin_v2 => async fn they_are_all_unless_a_few_are_chosen(world) {
        let mut olga = world.sign_in("olga").await;
        let empty = olga.create_form().await;
        let (of_fields, rest): (Vec<_>, Vec<_>) = empty.fields.iter().partition(|(name, _)| name.starts_with("fields."));
        assert!(of_fields.len() >= 30 && of_fields.iter().all(|(_, value)| value == "all"), "{of_fields:?}");
        let silent = Form { fields: rest.into_iter().cloned().collect(), ..empty.clone() };
        let silent = silent.with("name", "Silent").with("expiration", "never").and("permission", "employees:read");
        let choices: [Form; 4] = [
            silent.clone(),
            olga.filled_form(&[READ]).await,
            olga.filled_form(&[READ, ("fields.employees", "all")]).await,
            // Of a resource that nothing was granted of, the choice alone says nothing.
            olga.filled_form(&[READ, ("fields.lateness", "some")]).await,
        ];
        for form in choices {
            let (id, secret) = olga.create_by(&form).await;
            let row = world.key_row(&id).unwrap();
            assert_eq!((row.permissions.as_str(), row.fields.as_str()), ("employees:read", ""));
            assert_eq!(olga.told(&secret).await["fields"], json!({}), "no resource is held to some");
            let page = olga.get(&url(address::KEY, &id)).await;
            assert_eq!(page.texts(".grants li"), ["Employees Read · all fields"]);
        }
    }
);

both_engines!(
    admin_v2 => async fn a_few_are_kept_in_one_order_and_told_everywhere(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.filled_form(&[
            READ,
            ("permission", "lateness:read"),
            ("permission", "employees:update"),
            SOME,
            ("field", "employees:start_date"),
            ("field", "employees:id"),
            ("field", "employees:first_name"),
        ]).await;
        let answer = olga.submit(&form).await;
        let secret = answer.secret();
        let sentence = "Can read Lateness. Can read and update 3 fields of Employees.";
        assert_eq!(answer.fact("Permissions").as_deref(), Some(sentence), "the reveal says it back");
        let row = &world.key_rows()[0];
        assert_eq!(row.permissions, "employees:read employees:update lateness:read");
        assert_eq!(row.fields, "employees=first_name,id,start_date");
        let told = olga.told(&secret).await;
        assert_eq!(told["fields"], json!({ "employees": ["first_name", "id", "start_date"] }));
        assert_eq!(told["permissions"], json!(["employees:read", "employees:update", "lateness:read"]));

        let id = keyrack::keys::key::KeyId::parse(&row.id).unwrap();
        // People read them by their labels, in the order of the catalog.
        let lines = ["Employees Read, Update Fields: ID, First name, Start date", "Lateness Read · all fields"];
        let list = olga.get(address::LIST).await;
        assert_eq!(list.texts(".key-permissions .short-text"), ["Employees RU (3 fields), Lateness R"]);
        assert_eq!(list.texts(".key-permissions [popover] .grants li"), lines);
        for page in [address::EDIT, address::KEY] {
            assert_eq!(olga.get(&url(page, &id)).await.texts(".grants li"), lines, "{page}");
        }
    }
);

both_engines!(
    admin_v2 => async fn each_of_them_one_by_one_is_still_a_few(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.filled_form(&[READ, SOME]).await;
        let all = olga.get(address::NEW).await.attributes("[name=field][value^='employees:']", "value");
        assert_eq!(all.len(), 40);
        let form = all.iter().fold(form, |form, field| form.and("field", field));
        let (id, secret) = olga.create_by(&form).await;
        assert_eq!(world.key_row(&id).unwrap().fields.split(',').count(), 40);
        assert_eq!(olga.told(&secret).await["fields"]["employees"].as_array().unwrap().len(), 40);
        assert_eq!(olga.get(address::LIST).await.texts(".short-text"), ["Employees R (40 fields)"]);
    }
);

/// What is wrong with a choice, and the sentence that says so.
const BAD: &[(&[(&str, &str)], &str)] = &[
    (&[SOME], "Choose at least one field of Employees, or all of them."),
    (
        &[("fields.lateness", "some"), ("field", "lateness:minutes")],
        "You chose fields of Lateness, but no permission for it.",
    ),
    (&[("fields.employees", "few")], "Fields are either all or some."),
    (&[("fields.employees", "")], "Fields are either all or some."),
    (&[("fields.planets", "all")], "One of these fields is not offered."),
    (&[("fields.planets", "some")], "One of these fields is not offered."),
    (&[SOME, ("field", "employees:colour")], "One of these fields is not offered."),
    (&[SOME, ("field", "lateness:first_name")], "One of these fields is not offered."),
    (&[SOME, ("field", "planets:name")], "One of these fields is not offered."),
    (&[SOME, ("field", "first_name")], "One of these fields is not offered."),
    (&[SOME, ("field", "employees:id:x")], "One of these fields is not offered."),
    (&[SOME, ("field", "")], "One of these fields is not offered."),
    (&[SOME, ("field", "employees:id"), ("field", "employees:id")], "A permission or a field was sent twice."),
    (&[SOME, ("field", "employees:id"), READ], "A permission or a field was sent twice."),
];

both_engines!(
    admin_v2 => async fn a_choice_that_makes_no_sense_is_told_and_what_was_chosen_is_kept(world) {
        let mut olga = world.sign_in("olga").await;
        for (fields, says) in BAD {
            let form = olga.filled_form(&[READ, ("name", "Calendar"), ("expiration", "1y")]).await;
            let form = fields.iter().fold(form, |form, &(name, value)| match name {
                "permission" | "field" => form.and(name, value),
                _ => form.with(name, value),
            });
            let answer = olga.submit(&form).await;
            assert_eq!((answer.status, answer.texts("#permissions-error")), (422, vec![(*says).to_owned()]), "{fields:?}");
            assert_eq!(answer.texts(".error").len(), 1, "{fields:?}: one mistake, one sentence");
            assert!(world.key_rows().is_empty() && world.audit().is_empty() && world.creations().is_empty());
            let again = shown(&answer);
            for name in ["name", "expiration", "nonce"] {
                assert_eq!(again.value(name), form.value(name), "{fields:?}: {name}");
            }
            let offered = olga.get(address::NEW).await;
            let is_offered = |(name, value): &(String, String)| {
                let css = format!("[name='{name}'][value='{value}']");
                !value.is_empty() && !offered.attributes(&css, "value").is_empty()
            };
            let mut kept: Vec<_> = chosen(&form).into_iter().filter(is_offered).collect();
            kept.dedup();
            assert_eq!(chosen(&again), kept, "{fields:?}");
            // What is restricted stands open, and counts.
            let is_some = form.value("fields.employees") == "some";
            let open = answer.texts(".resource[data-resource=Employees] .fields-switch[open] [data-fields-said]");
            let count = chosen(&again).iter().filter(|(_, value)| value.starts_with("employees:") && !value.ends_with(":read")).count();
            assert_eq!(open, if is_some { vec![format!("{count} of 40")] } else { vec![] }, "{fields:?}");
        }
        // The form that is shown again makes a key once it is mended.
        let form = olga.filled_form(&[READ, SOME]).await;
        let again = shown(&olga.submit(&form).await);
        let (id, _) = olga.create_by(&again.and("field", "employees:id")).await;
        assert_eq!(world.key_row(&id).unwrap().fields, "employees=id");
    }
);

both_engines!(
    admin_v2 => async fn listed_without_saying_which_they_are_never_read_as_all(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.filled_form(&[READ, ("field", "employees:id")]).await;
        let answer = olga.submit(&form.without("fields.employees")).await;
        let says = "Say whether all fields of Employees are meant, or only some.";
        assert_eq!((answer.status, answer.texts("#permissions-error")), (422, vec![says.to_owned()]));
        assert!(world.key_rows().is_empty());
        // Where "all" is said, what stands below it counts for nothing: so it stands on the page.
        let (id, _) = olga.create_by(&form.with("fields.employees", "all")).await;
        assert_eq!(world.key_row(&id).unwrap().fields, "");
    }
);

both_engines!(
    async fn a_resource_without_fields_takes_no_few_of_them(world) {
        let mut olga = world.sign_in("olga").await;
        assert!(olga.get(address::NEW).await.texts(".fields-switch, .fields").is_empty());
        for bad in [("fields.shifts", "some"), ("field", "shifts:start")] {
            let form = olga.filled_form(&[("permission", "shifts:read"), bad]).await;
            let answer = olga.submit(&form).await;
            let says = "One of these fields is not offered.";
            assert_eq!((answer.status, answer.texts("#permissions-error")), (422, vec![says.to_owned()]), "{bad:?}");
        }
        let form = olga.filled_form(&[("permission", "shifts:read"), ("fields.shifts", "all")]).await;
        let (id, _) = olga.create_by(&form).await;
        let page = olga.get(&url(address::KEY, &id)).await;
        assert_eq!(page.texts(".grants li"), ["Shifts Read"], "of fields nothing is said");
    }
);

both_engines!(
    admin_v2 => async fn each_resource_has_a_choice_of_its_own(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, secret) = olga.create_key_of(&[
            READ,
            ("permission", "lateness:read"),
            ("permission", "departments:read"),
            SOME,
            ("field", "employees:id"),
            ("fields.departments", "some"),
            ("field", "departments:name"),
        ]).await;
        assert_eq!(world.key_row(&id).unwrap().fields, "departments=name;employees=id");
        assert_eq!(olga.told(&secret).await["fields"], json!({ "departments": ["name"], "employees": ["id"] }));
    }
);

both_engines!(
    admin_v2 => async fn they_and_the_permissions_never_change_after_creation(world) {
        let mut olga = world.sign_in("olga").await;
        let (id, _) = olga.create_key_of(&[READ, SOME, ("field", "employees:id")]).await;
        let before = world.key_rows();
        for sent in [("fields.employees", "all"), ("field", "employees:title"), ("permission", "employees:delete"), ("expiration", "never")] {
            let answer = olga.edit(&id, &[("name", "Renamed"), sent]).await;
            assert_eq!(answer.status, 400, "{sent:?}: {}", answer.text());
        }
        assert!(olga.get(&url(address::EDIT, &id)).await.attributes("[name=permission], [name=field]", "name").is_empty());
        assert_eq!(world.key_rows(), before);
    }
);

both_engines!(
    admin_v2 => async fn a_key_that_is_created_again_has_the_same_ones(world) {
        let mut olga = world.sign_in("olga").await;
        let form = olga.filled_form(&[READ, SOME, ("field", "employees:id"), ("field", "employees:title")]).await;
        olga.submit(&form).await.secret();
        let again = olga.submit(&form).await;
        assert_eq!(again.status, 409);
        olga.submit(&again.form(address::LIST_OF_KEYS)).await.secret();
        let rows = world.key_rows();
        assert_eq!((rows.len(), rows[0].fields.as_str(), rows[1].fields.as_str()), (2, "employees=id,title", "employees=id,title"));
    }
);
