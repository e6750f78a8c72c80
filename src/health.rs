//! For those who watch the process: is it up, and can it serve?

use actix_web::{HttpResponse, web};

use crate::fault::Fault;
use crate::people;
use crate::site::Site;

/// Up.
pub const UP: &str = "/healthz";
/// Able to serve.
pub const READY: &str = "/readyz";

/// Answers while the process runs.
pub async fn up() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("up\n")
}

/// Answers 200 while the database does and all keys are known; it was brought up to date before the door opened.
pub async fn ready(site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    site.store.read(people::has_owner).await?;
    if !site.gate.is_ready() {
        return Err(Fault::unavailable("the keys are not read yet, or this instance's lease is over"));
    }
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
}
