//! Projects: what keys are filed under.

mod archive;
mod edit;
mod list;
mod restore;

use keyrack::projects::address;
use keyrack::projects::project::ProjectId;

use crate::world::World;
use crate::world::cast::Person;

impl Person {
    /// Makes a project, as an owner does on the page.
    pub async fn create_project(&mut self, name: &str) -> ProjectId {
        let form = self.get(address::LIST).await.form(address::LIST).with("name", name);
        let answer = self.submit(&form).await;
        assert_eq!((answer.status, answer.location()), (303, address::LIST), "{}", answer.text());
        let page = self.get(address::LIST).await;
        let (names, urls) = (page.texts(".project-name"), page.attributes("[href*='/edit']", "href"));
        let at = names.iter().position(|shown| shown == name.trim()).expect("the project is on the page");
        ProjectId::parse(urls[at].trim_start_matches("/settings/projects/").trim_end_matches("/edit")).unwrap()
    }

    /// Sends a form with nothing but the envelope to one of a project's addresses.
    pub async fn change_project(&mut self, pattern: &str, id: &ProjectId) -> u16 {
        let form = self.bare_form(&address::of(pattern, id)).await;
        self.submit(&form).await.status
    }
}

/// Name and whether it is archived, of every project of every team.
pub fn projects(world: &World) -> Vec<(String, bool)> {
    let state = "CASE WHEN archived_at IS NULL THEN '+' ELSE '-' END";
    let lines = world.texts(&format!("SELECT {state} || name AS value FROM projects ORDER BY name_folded"));
    lines.into_iter().map(|line| (line[1..].to_owned(), line.starts_with('-'))).collect()
}

/// Ids that are nothing to Olga: another team's, an absent one, and texts that are none.
pub async fn ids_of_nothing(world: &World) -> Vec<String> {
    let harbours = world.sign_in("sam").await.create_project("Harbour's").await;
    let absent = ProjectId::mint(world.now());
    [harbours.as_str(), absent.as_str(), "project_1", "%00", "key_01kam0000000000000000000aa"].map(str::to_owned).into()
}
