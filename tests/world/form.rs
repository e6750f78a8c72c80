//! What a person sees of an answer: its status, its headers, its page, the forms and links on it.

use scraper::{ElementRef, Html, Selector};

/// An answer of the server.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

/// A form as it stands on a page: where it goes, and what is in it.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

pub fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn text_of(element: ElementRef<'_>) -> String {
    element.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a field of a form holds.
fn value_of(field: ElementRef<'_>) -> String {
    let value = |element: ElementRef<'_>| element.attr("value").unwrap_or_default().to_owned();
    match field.value().name() {
        "textarea" => field.text().collect(),
        "select" => {
            let chosen = field.select(&selector("option[selected]")).next();
            chosen.or_else(|| field.select(&selector("option")).next()).map(value).unwrap_or_default()
        }
        _ => value(field),
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn page(&self) -> Html {
        Html::parse_document(&self.body)
    }

    /// The whole text of the page, blanks folded.
    pub fn text(&self) -> String {
        text_of(self.page().root_element())
    }

    /// The body without its tokens, which differ from one answer to the next.
    pub fn masked(&self) -> String {
        let tokens = self.attributes("input[name=token]", "value");
        tokens.iter().fold(self.body.clone(), |body, token| body.replace(token, "TOKEN"))
    }

    /// The texts of all elements that match.
    pub fn texts(&self, css: &str) -> Vec<String> {
        self.page().select(&selector(css)).map(text_of).collect()
    }

    /// As [`texts`](Answer::texts), with every blank.
    pub fn verbatim(&self, css: &str) -> Vec<String> {
        self.page().select(&selector(css)).map(|e| e.text().collect()).collect()
    }

    /// The values of an attribute of all elements that match and have it.
    pub fn attributes(&self, css: &str, name: &str) -> Vec<String> {
        self.page().select(&selector(css)).filter_map(|e| e.attr(name).map(str::to_owned)).collect()
    }

    /// The form whose action begins with `action`, with what is filled in and checked.
    pub fn form(&self, action: &str) -> Form {
        let page = self.page();
        let form = page
            .select(&selector("form"))
            .find(|form| form.attr("action").is_some_and(|a| a.starts_with(action)))
            .unwrap_or_else(|| panic!("no form for {action} on this page ({}): {}", self.status, self.body));
        let is_sent = |field: &ElementRef<'_>| {
            let is_chosen =
                !matches!(field.attr("type"), Some("checkbox" | "radio")) || field.attr("checked").is_some();
            is_chosen && field.attr("disabled").is_none()
        };
        let inputs = selector("input[name], textarea[name], select[name]");
        let fields = form.select(&inputs).filter(is_sent);
        let fields = fields.map(|field| (field.attr("name").unwrap_or_default().to_owned(), value_of(field)));
        Form { action: form.attr("action").unwrap_or_default().to_owned(), fields: fields.collect() }
    }
}

impl Form {
    /// With a field set to one value, whatever it held.
    pub fn with(&self, name: &str, value: &str) -> Form {
        self.without(name).and(name, value)
    }

    /// With one more value of a field.
    pub fn and(&self, name: &str, value: &str) -> Form {
        let mut form = self.clone();
        form.fields.push((name.to_owned(), value.to_owned()));
        form
    }

    pub fn without(&self, name: &str) -> Form {
        let mut form = self.clone();
        form.fields.retain(|(known, _)| known != name);
        form
    }

    pub fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}
