//! Where OAuth's clients find the introspection endpoint, and how they authenticate there (RFC 8414). Keyrack grants no
//! tokens, so there is no other endpoint.

use actix_web::{HttpResponse, web};
use serde::Serialize;

use super::address;
use crate::docs;
use crate::fault::Fault;
use crate::site::Site;

#[derive(Serialize)]
struct Metadata {
    issuer: String,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    /// Required, and never empty (RFC 8414, 2 and 3.2): the response type that grants nothing.
    response_types_supported: [&'static str; 1],
    service_documentation: String,
}

/// Shows it.
pub async fn ask(site: web::Data<Site>) -> Result<HttpResponse, Fault> {
    let url = |path: &str| format!("{}{path}", site.public_url);
    Ok(HttpResponse::Ok().json(Metadata {
        issuer: site.public_url.to_string(),
        introspection_endpoint: url(address::INTROSPECT),
        introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "Bearer"],
        response_types_supported: ["none"],
        service_documentation: url(docs::ADDRESS),
    }))
}
