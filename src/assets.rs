//! The static files, inside the program: each under an address that names its content, so that
//! browsers keep it for good, and squeezed once instead of per request.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header::{self, ContentEncoding};
use actix_web::{HttpRequest, HttpResponse, web};
use data_encoding::HEXLOWER;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::refusal::Refusal;

/// Where static files live.
pub const ADDRESS: &str = "/static/{version}/{path:.*}";

const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($($path:literal $kind:ident),+ $(,)?) => {
        &[$(($path, $kind, include_bytes!(concat!("../static/", $path)).as_slice())),+]
    };
}

const FILES: &[(&str, &str, &[u8])] = files![
    "icon.svg" SVG,
    "css/base.css" CSS,
    "css/parts.css" CSS,
    "css/keys.css" CSS,
    "css/people.css" CSS,
    "css/docs.css" CSS,
    "css/projects.css" CSS,
    "keyrack.js" SCRIPT,
    "create.js" SCRIPT,
    "vendor/htmx-4.0.1/htmx.min.js" SCRIPT,
];

struct Asset {
    kind: &'static str,
    plain: &'static [u8],
    squeezed: Vec<u8>,
    address: String,
    version: String,
}

static ASSETS: LazyLock<BTreeMap<&'static str, Asset>> =
    LazyLock::new(|| FILES.iter().map(|&(path, kind, plain)| (path, Asset::new(path, kind, plain))).collect());

impl Asset {
    fn new(path: &str, kind: &'static str, plain: &'static [u8]) -> Asset {
        let version = HEXLOWER.encode(&Sha256::digest(plain)[..6]);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let squeezed =
            encoder.write_all(plain).and_then(|()| encoder.finish()).expect("writing to memory does not fail");
        Asset { kind, plain, squeezed, address: format!("/static/{version}/{path}"), version }
    }
}

/// The address of a static file, as templates print it.
///
/// # Panics
/// If there is no such file: a template that asks for one fails every test that shows it.
pub fn url(path: &str) -> &'static str {
    match ASSETS.get(path) {
        Some(asset) => &asset.address,
        None => panic!("no static file {path}"),
    }
}

/// Serves a static file.
pub async fn serve(path: web::Path<(String, String)>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let (version, path) = path.into_inner();
    let asset = ASSETS.get(path.as_str()).filter(|asset| asset.version == version).ok_or(Refusal::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, asset.kind))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "Accept-Encoding"));
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("gzip")) {
        return Ok(answer.insert_header(ContentEncoding::Gzip).body(asset.squeezed.as_slice()));
    }
    Ok(answer.body(asset.plain))
}
