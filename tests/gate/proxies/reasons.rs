//! A client that is refused reads why, and what the API itself refuses passes unchanged.

use serde_json::Value;

use super::{Front, Kind, bearer};
use crate::with_each_proxy;

const GET: &str = "GET /v2/orders/7 HTTP/1.1";

/// All values of a header.
pub fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
}

/// Holds a refusal to its form.
#[track_caller]
fn assert_says(front: &Front, (status, head, body): (u16, String, String), expected: u16, code: &str) {
    let case = format!("{:?}: {head}\n{body}", front.kind);
    assert_eq!(status, expected, "{case}");
    assert_eq!(values(&head, "content-type"), ["application/problem+json"], "{case}");
    assert_eq!(
        (values(&head, "x-auth-code"), values(&head, "cache-control")),
        (vec![code], vec!["no-store"]),
        "{case}"
    );
    let problem: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {case}"));
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(expected.into()), Some(code)), "{case}");
    assert_eq!(values(&head, "x-request-id"), [problem["request_id"].as_str().unwrap()], "{case}");
    let is_key = !["NO_ROUTE", "PATH_NOT_ALLOWED", "RATE_LIMITED"].contains(&code);
    assert_eq!(values(&head, "www-authenticate").len(), usize::from(is_key), "{case}");
    assert_eq!(values(&head, "retry-after").len(), usize::from(expected == 429), "{case}");
    assert!(front.upstream.take().is_empty(), "{case}");
}

async fn says_why(front: Front) {
    let (_, secret) = front.world.sign_in("olga").await.create_key("HR sync", &["orders:read"]).await;
    let good = bearer(&secret);
    assert_says(&front, front.ask(GET, &[]), 401, "MISSING");
    assert_says(&front, front.ask("GET /v2/orders/7.html HTTP/1.1", &[]), 401, "MISSING");
    assert_says(&front, front.ask("GET /v2/payroll/7.css HTTP/1.1", &[&good]), 403, "INSUFFICIENT_PERMISSIONS");
    let (_, head, _) = front.ask("GET /v2/payroll/7 HTTP/1.1", &[&good]);
    assert_eq!(values(&head, "x-accepted-permissions"), ["payroll:read"]);
    assert!(values(&head, "www-authenticate")[0].contains("scope=\"payroll:read\""), "{head}");
    assert_says(&front, front.ask("GET /nowhere HTTP/1.1", &[&good]), 403, "NO_ROUTE");
    for _ in 0..100 {
        assert_says(&front, front.ask(GET, &["X-API-Key: x"]), 401, "MALFORMED");
    }
    let limited = front.ask(GET, &["X-API-Key: x"]);
    assert_eq!(values(&limited.1, "retry-after"), ["60"]);
    assert_says(&front, limited, 429, "RATE_LIMITED");

    // What the API says is its own.
    for answer in [
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nX-Auth-Code: MINE\r\nWWW-Authenticate: Mine\r\nContent-Length: 4\r\n\r\nmine",
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nX-Auth-Code: MINE\r\nX-Auth-Status: 429\r\nContent-Length: 4\r\n\r\nmine",
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nX-Auth-Code: MINE\r\nContent-Length: 4\r\n\r\nmine",
        "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nX-Auth-Code: MINE\r\nContent-Length: 4\r\n\r\nmine",
    ] {
        front.upstream.answer(answer);
        let (status, head, body) = front.ask(GET, &[&good]);
        assert_eq!(
            (status.to_string().as_str(), body.trim_end()),
            (&answer[9..12], "mine"),
            "{:?}: {head}",
            front.kind
        );
        assert_eq!((values(&head, "content-type"), values(&head, "x-auth-code")), (vec!["text/plain"], vec!["MINE"]));
        assert!(values(&head, "retry-after").is_empty() && values(&head, "cache-control").is_empty(), "{head}");
    }
}

with_each_proxy!(
    nginx Nginx, ingress_nginx_with_snippets IngressNginxWithSnippets, caddy Caddy, traefik Traefik, envoy Envoy
    => async fn a_client_reads_why_it_is_refused(front) {
        says_why(front).await;
    }
);

with_each_proxy!(
    nginx Nginx, ingress_nginx_with_snippets IngressNginxWithSnippets
    => async fn nginx_says_that_the_gate_cannot_be_asked(front) {
        front.tap.cut();
        let (status, head, body) = front.ask(GET, &[]);
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, problem["code"].as_str()), (503, Some("UNAVAILABLE")));
        assert_eq!(values(&head, "content-type"), ["application/problem+json"]);
    }
);

with_each_proxy!(
    ingress_nginx IngressNginx
    => async fn without_snippets_ingress_nginx_says_it_with_a_status(front) {
        assert_eq!(front.kind, Kind::IngressNginx);
        let (status, head, body) = front.ask(GET, &[]);
        assert_eq!((status, values(&head, "www-authenticate").len()), (401, 1));
        assert!(body.contains("<html>") && values(&head, "x-auth-code").is_empty(), "{head}");
    }
);
