//! The table of projects, in one team's eyes; only the names of projects that keys were found under are read by id.

use diesel::prelude::*;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::result::Error::DatabaseError;

use super::project::{Filing, Project, ProjectId, ProjectName};
use crate::clock::Moment;
use crate::fault::Fault;
use crate::people::member::TeamId;
use crate::refusal::Refusal;
use crate::store::schema::projects;
use crate::store::{Change, Db, Hold, hold_team, note};

type Row = (String, String, String, i64, Option<i64>);

fn unreadable(what: &'static str) -> Fault {
    Fault::broken(format!("the database holds a project whose {what} cannot be read"))
}

fn project((id, team, name, created, archived): Row) -> Result<Project, Fault> {
    let moment = |seconds| Moment::from_unix(seconds).ok_or_else(|| unreadable("time"));
    Ok(Project {
        id: ProjectId::parse(&id).ok_or_else(|| unreadable("id"))?,
        team: TeamId::parse(&team).ok_or_else(|| unreadable("team"))?,
        name: ProjectName::parse(&name).map_err(|_| unreadable("name"))?,
        created_at: moment(created)?,
        archived_at: archived.map(moment).transpose()?,
    })
}

const COLUMNS: (projects::id, projects::team_id, projects::name, projects::created_at, projects::archived_at) =
    (projects::id, projects::team_id, projects::name, projects::created_at, projects::archived_at);

/// The team's projects by name, archived ones too; at most [`Project::MOST`].
pub fn all(db: &mut Db, team: &TeamId) -> Result<Vec<Project>, Fault> {
    let rows = projects::table
        .filter(projects::team_id.eq(team.as_str()))
        .order((projects::name_folded, projects::id))
        .select(COLUMNS)
        .load::<Row>(db)?;
    rows.into_iter().map(project).collect()
}

/// Those that take new keys, by name.
pub fn open_of(db: &mut Db, team: &TeamId) -> Result<Vec<Project>, Fault> {
    Ok(all(db, team)?.into_iter().filter(|project| !project.is_archived()).collect())
}

/// The team's project of that id.
pub fn find(db: &mut Db, team: &TeamId, id: &ProjectId) -> Result<Option<Project>, Fault> {
    let row = projects::table
        .filter(projects::id.eq(id.as_str()).and(projects::team_id.eq(team.as_str())))
        .select(COLUMNS)
        .first::<Row>(db)
        .optional()?;
    row.map(project).transpose()
}

/// Projects as keys name them, by id.
pub fn filed_under(db: &mut Db, ids: &[&str]) -> Result<Vec<Filing>, Fault> {
    let rows = projects::table
        .filter(projects::id.eq_any(ids))
        .select((projects::id, projects::name))
        .load::<(String, String)>(db)?;
    let filing =
        |(id, name): (String, String)| Ok(Filing { project: ProjectId::parse(&id).ok_or(unreadable("id"))?, name });
    rows.into_iter().map(filing).collect()
}

/// Makes a project; refused if the team has one of that name.
pub fn insert(db: &mut Db, project: &Project) -> Result<(), Fault> {
    let made = diesel::insert_into(projects::table)
        .values((
            projects::id.eq(project.id.as_str()),
            projects::team_id.eq(project.team.as_str()),
            projects::name.eq(project.name.as_str()),
            projects::name_folded.eq(project.name.folded()),
            projects::created_at.eq(project.created_at.unix()),
        ))
        .execute(db);
    refuse_twins(made)?;
    Ok(note(db, Change::Project(project.id.as_str()))?)
}

/// Gives a project another name; refused if the team has another one of that name.
pub fn rename(db: &mut Db, team: &TeamId, id: &ProjectId, to: &ProjectName) -> Result<(), Fault> {
    let it = projects::table.filter(projects::id.eq(id.as_str()).and(projects::team_id.eq(team.as_str())));
    let renamed = diesel::update(it).set((projects::name.eq(to.as_str()), projects::name_folded.eq(to.folded())));
    refuse_twins(renamed.execute(db))?;
    Ok(note(db, Change::Project(id.as_str()))?)
}

fn refuse_twins(written: QueryResult<usize>) -> Result<(), Fault> {
    match written {
        Err(DatabaseError(UniqueViolation, _)) => Err(Refusal::NameTaken.into()),
        written => Ok(written.map(|_| ())?),
    }
}

/// Archives a project; false if it is archived already.
pub fn archive(db: &mut Db, team: &TeamId, id: &ProjectId, now: Moment) -> Result<bool, Fault> {
    // Keys that are being filed are waited for: none is filed under it after the answer.
    hold_team(db, team.as_str(), Hold::Alone)?;
    let open = projects::table
        .filter(projects::id.eq(id.as_str()).and(projects::team_id.eq(team.as_str())))
        .filter(projects::archived_at.is_null());
    Ok(diesel::update(open).set(projects::archived_at.eq(now.unix())).execute(db)? == 1)
}

/// Brings an archived project back; false if it is not archived.
pub fn restore(db: &mut Db, team: &TeamId, id: &ProjectId) -> Result<bool, Fault> {
    let archived = projects::table
        .filter(projects::id.eq(id.as_str()).and(projects::team_id.eq(team.as_str())))
        .filter(projects::archived_at.is_not_null());
    Ok(diesel::update(archived).set(projects::archived_at.eq(None::<i64>)).execute(db)? == 1)
}
