//! The doors for machines, described in a form that machines read (OpenAPI 3.1). The document is written by hand; a test
//! holds it to the routes and to what the doors really answer.

use actix_web::HttpResponse;

use crate::fault::Fault;

/// The description.
const DOCUMENT: &str = include_str!("openapi.json");

/// Shows it.
pub async fn ask() -> Result<HttpResponse, Fault> {
    Ok(HttpResponse::Ok().content_type("application/json").body(DOCUMENT))
}
