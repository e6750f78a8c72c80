//! What ingress-nginx (1.15) makes of an Ingress: the directives of its template that concern headers, paths and the gate, in
//! its order. What is left out chooses a pod by Lua, logs, measures, or is off unless an annotation turns it on.

use std::collections::BTreeMap;

use super::{API, fill};

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

pub struct Ingress {
    /// By their names without the prefix.
    annotations: BTreeMap<String, String>,
    /// The ConfigMap that `auth-proxy-set-headers` names.
    gate_headers: BTreeMap<String, String>,
}

impl Ingress {
    /// Reads `examples/proxies/ingress-nginx.yaml`.
    pub fn of(text: &str, gate_token: &str) -> Ingress {
        let text = fill("ingress-nginx.yaml", text, &[("gate_token", gate_token)]);
        let (headers, annotations) = (scalars(section(&text, "data:")), scalars(section(&text, "  annotations:")));
        let own = |(name, value): (String, String)| Some((name.strip_prefix(PREFIX)?.to_owned(), value));
        let ingress = Ingress { annotations: annotations.into_iter().filter_map(own).collect(), gate_headers: headers };
        assert_eq!(ingress.annotations["auth-proxy-set-headers"], "api/keyrack-gate");
        ingress
    }

    /// With the annotations that it has in comments.
    pub fn with_snippets(text: &str, gate_token: &str) -> Ingress {
        let (mut lines, mut is_within) = (Vec::new(), false);
        for line in text.lines() {
            let is_annotation = line.starts_with(&format!("    # {PREFIX}"));
            is_within = is_annotation || is_within && line.starts_with("    #   ");
            lines.push(if is_within { line.replacen("    # ", "    ", 1) } else { line.to_owned() });
        }
        let ingress = Ingress::of(&lines.join("\n"), gate_token);
        assert!(ingress.annotations.contains_key("server-snippet"));
        ingress
    }

    fn annotation(&self, name: &str, default: &str) -> String {
        self.annotations.get(name).map_or(default, String::as_str).to_owned()
    }

    /// The directives in `http`.
    pub fn directives(&self, listen: &str, api: &str, keyrack: &str) -> String {
        let known = [
            "auth-url",
            "auth-proxy-set-headers",
            "auth-response-headers",
            "connection-proxy-header",
            "proxy-body-size",
            "proxy-buffer-size",
            "configuration-snippet",
            "server-snippet",
        ];
        let unknown: Vec<_> = self.annotations.keys().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "tell tests/gate/proxies/ingress.rs what ingress-nginx makes of {unknown:?}");
        let (server_snippet, snippet) =
            (self.annotation("server-snippet", ""), self.annotation("configuration-snippet", ""));
        let url = self.annotations["auth-url"].replace("keyrack.keyrack.svc:8080", keyrack);
        assert!(url.contains(keyrack), "{url}");
        let (body, buffer) = (self.annotation("proxy-body-size", "1m"), self.annotation("proxy-buffer-size", "4k"));
        let connection = self.annotation("connection-proxy-header", "$connection_upgrade");
        let gate_headers: String =
            self.gate_headers.iter().map(|(name, value)| format!("proxy_set_header {name:?} {value:?};\n")).collect();
        let names = self.annotations["auth-response-headers"].split(',').map(str::trim).enumerate();
        let response_headers: String = names
            .map(|(n, name)| {
                let variable = name.to_lowercase().replace('-', "_");
                format!("auth_request_set $authHeader{n} $upstream_http_{variable};\nproxy_set_header '{name}' $authHeader{n};\n")
            })
            .collect();
        format!(
            r#"
underscores_in_headers off;
ignore_invalid_headers on;
variables_hash_max_size 2048;
variables_hash_bucket_size 256;
map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
map $http_x_request_id $req_id {{ default $http_x_request_id; '' $request_id; }}
upstream upstream_balancer {{ server {api}; keepalive 320; }}
server {{
    {listen};
    server_name {API};
    {server_snippet}
    location = /_external-auth-Lw-Prefix {{
        internal;
        access_log off;
        proxy_intercept_errors off;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Forwarded-Proto "";
        proxy_set_header X-Request-ID $req_id;
        proxy_set_header Host keyrack.keyrack.svc;
        proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
        proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Sent-From "nginx-ingress-controller";
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Auth-Request-Redirect $request_uri;
        proxy_buffering off;
        proxy_buffer_size {buffer};
        proxy_buffers 4 {buffer};
        proxy_request_buffering on;
        proxy_ssl_server_name on;
        proxy_pass_request_headers on;
        client_max_body_size {body};
        {gate_headers}
        proxy_http_version 1.1;
        set $target "{url}";
        proxy_pass $target;
    }}
    location / {{
        auth_request /_external-auth-Lw-Prefix;
        auth_request_set $auth_cookie $upstream_http_set_cookie;
        add_header Set-Cookie $auth_cookie;
        {response_headers}
        client_max_body_size {body};
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection {connection};
        proxy_set_header X-Request-ID $req_id;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Port $server_port;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Scheme $scheme;
        proxy_set_header X-Scheme $scheme;
        proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
        proxy_set_header X-Original-Forwarded-Host $http_x_forwarded_host;
        proxy_set_header Proxy "";
        proxy_connect_timeout 5s;
        proxy_send_timeout 60s;
        proxy_read_timeout 60s;
        proxy_buffering off;
        proxy_buffer_size {buffer};
        proxy_buffers 4 {buffer};
        proxy_request_buffering on;
        proxy_http_version 1.1;
        proxy_cookie_domain off;
        proxy_cookie_path off;
        proxy_next_upstream error timeout;
        proxy_next_upstream_timeout 0;
        proxy_next_upstream_tries 3;
        {snippet}
        proxy_pass http://upstream_balancer;
        proxy_redirect off;
    }}
}}
"#
        )
    }
}

/// The lines below a heading that are indented deeper.
fn section<'a>(text: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let within = depth(heading);
    let below = text.lines().skip_while(move |line| *line != heading).skip(1);
    below.take_while(move |line| depth(line) > within)
}

/// Names and texts as YAML has them here: `a: b`, `a: >-` and `a: |` with deeper lines.
fn scalars<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let (mut found, mut lines) = (BTreeMap::new(), lines.peekable());
    while let Some(line) = lines.next() {
        let (name, value) = line.trim().split_once(": ").unwrap();
        let below: Vec<&str> = std::iter::from_fn(|| lines.next_if(|below| depth(below) > depth(line))).collect();
        let value = match value {
            ">-" => below.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
            "|" => below.join("\n"),
            plain => plain.split(" #").next().unwrap().trim_end().trim_matches('"').to_owned(),
        };
        found.insert(name.to_owned(), value);
    }
    found
}
