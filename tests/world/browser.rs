//! Real Chromium, driven like a person would: clicks, keys, what stands on the page. One chromedriver
//! serves the whole run; every browser has a profile of its own.
//!
//! It waits for what the page shows, never for a length of time.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::TypingData;
use thirtyfour::prelude::*;

use super::{PASSWORD, World, cast};

/// How long a page may take to show what is expected. Far more than it needs: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// Ends with this process, however that ends: the shell's standard input is a pipe that we hold, and
/// Chromium hangs on a pipe of chromedriver's.
const KEEP_DRIVER: &str = "chromedriver --port=0 & read _; kill $!";

const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--window-size=1280,860",
    "--lang=en-GB",
];

/// Nothing is moving, but for what turns for ever.
pub const AT_REST: &str =
    "document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)";

struct Driver {
    url: String,
    _shell: Mutex<Child>,
}

static DRIVER: LazyLock<Driver> = LazyLock::new(|| {
    let mut shell = Command::new("sh")
        .args(["-c", KEEP_DRIVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    let mut said = BufReader::new(shell.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = said.find_map(|line| Some(line.split_once("successfully on port ")?.1.trim_end_matches('.').to_owned()));
    let port = port.expect("chromedriver starts: run the tests by `tests/run`, which installs it");
    std::thread::spawn(move || said.for_each(drop)); // so that it never waits for a reader
    Driver { url: format!("http://127.0.0.1:{port}"), _shell: Mutex::new(shell) }
});

/// A browser with one person at it.
pub struct Browser {
    pub driver: WebDriver,
    /// Where the world's server is.
    home: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub async fn open(world: &World) -> Browser {
        Browser::with(world, json!({})).await
    }

    /// One in which no script runs.
    pub async fn without_javascript(world: &World) -> Browser {
        Browser::with(world, json!({ "profile.managed_default_content_settings.javascript": 2 })).await
    }

    async fn with(world: &World, preferences: Value) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_browser_option("args", flags).unwrap();
        wanted.set_browser_option("prefs", preferences).unwrap();
        wanted.set("goog:loggingPrefs", json!({ "browser": "ALL" })).unwrap();
        wanted.set("unhandledPromptBehavior", "accept").unwrap();
        let driver = WebDriver::new(&DRIVER.url, wanted).await.expect("Chromium starts");
        let browser = Browser { driver, home: world.url.clone(), _profile: profile };
        browser.tell("Network.enable", json!({})).await;
        browser
    }

    /// A command of the DevTools protocol.
    pub async fn tell(&self, method: &str, parameters: Value) -> Value {
        let told = self.driver.cdp().send_raw(method, parameters).await;
        told.unwrap_or_else(|e| panic!("{method}: {e}"))
    }

    // ---- going places

    pub async fn visit(&self, path: &str) {
        self.driver.goto(format!("{}{path}", self.home)).await.unwrap();
    }

    /// Signs in through the form.
    pub async fn sign_in(&self, who: &str) {
        self.visit("/login").await;
        self.fill("#email", &cast::email(who)).await;
        self.fill("#password", PASSWORD).await;
        self.click(".submit").await;
        self.until("location.pathname !== '/login' && document.readyState === 'complete'").await;
    }

    /// Forgets who was signed in.
    pub async fn forget(&self) {
        self.tell("Network.clearBrowserCookies", json!({})).await;
    }

    /// Path and query in the address bar.
    pub async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        url.query().map_or(url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    // ---- seeing

    /// What an expression is worth in the page.
    pub async fn see<T: DeserializeOwned>(&self, expression: &str) -> T {
        let seen = self.driver.execute(format!("return ({expression});"), Vec::new()).await;
        let seen = seen.unwrap_or_else(|e| panic!("{expression}: {e}"));
        seen.convert().unwrap_or_else(|e| panic!("{expression}: {e}"))
    }

    /// What a promise in the page comes to.
    pub async fn later<T: DeserializeOwned>(&self, promise: &str) -> T {
        let script = format!("const done = arguments[0]; ({promise}).then(done, e => done({{ failed: String(e) }}));");
        let seen = self.driver.execute_async(script, Vec::new()).await;
        let seen = seen.unwrap_or_else(|e| panic!("{promise}: {e}"));
        let json = seen.json().clone();
        seen.convert().unwrap_or_else(|e| panic!("{promise}: {e}: {json}"))
    }

    /// Waits until a condition holds in the page.
    pub async fn until(&self, condition: &str) {
        let since = Instant::now();
        loop {
            // A page that is just being left cannot answer; the next one will.
            let seen = self.driver.execute(format!("return !!({condition});"), Vec::new()).await;
            let is_met = match &seen {
                Ok(seen) => seen.json() == &Value::Bool(true),
                Err(_) => false,
            };
            if is_met {
                return;
            }
            if since.elapsed() > PATIENCE {
                let source = self.driver.source().await.unwrap_or_default();
                let seen = seen.map(|seen| seen.json().clone());
                panic!("it never came to pass that {condition} ({seen:?}) at {}\n{source}", self.path().await);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until something that matches can be seen.
    pub async fn until_shown(&self, css: &str) {
        let css = serde_json::to_string(css).unwrap();
        self.until(&format!("document.querySelector({css})?.checkVisibility({{ visibilityProperty: true }})")).await;
    }

    /// Waits until nothing that matches is in the document.
    pub async fn until_gone(&self, css: &str) {
        self.until(&format!("!document.querySelector({})", serde_json::to_string(css).unwrap())).await;
    }

    /// Waits until so many tabs are open.
    pub async fn until_windows(&self, count: usize) {
        let since = Instant::now();
        while self.driver.windows().await.unwrap().len() != count {
            assert!(since.elapsed() < PATIENCE, "there never were {count} tabs");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    pub async fn is_shown(&self, css: &str) -> bool {
        let css = serde_json::to_string(css).unwrap();
        self.see(&format!(
            "[...document.querySelectorAll({css})].some(e => e.checkVisibility({{ visibilityProperty: true }}))"
        ))
        .await
    }

    pub async fn is_there(&self, css: &str) -> bool {
        self.see(&format!("!!document.querySelector({})", serde_json::to_string(css).unwrap())).await
    }

    /// The texts of all elements that match, blanks folded.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let css = serde_json::to_string(css).unwrap();
        self.see(&format!("[...document.querySelectorAll({css})].map(e => e.textContent.trim().replace(/\\s+/g, ' '))"))
            .await
    }

    /// The text of the first element that matches.
    pub async fn text(&self, css: &str) -> String {
        self.texts(css).await.into_iter().next().unwrap_or_else(|| panic!("nothing matches {css}"))
    }

    pub async fn value(&self, css: &str) -> String {
        self.see(&format!("document.querySelector({}).value", serde_json::to_string(css).unwrap())).await
    }

    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.see(&format!("document.querySelector({css:?})?.getAttribute({name:?})")).await
    }

    /// The id of what has the focus, else its text.
    pub async fn focus(&self) -> String {
        self.see("document.activeElement.id || document.activeElement.textContent.trim()").await
    }

    /// The whole document as it stands, live values too.
    pub async fn document(&self) -> String {
        self.see(
            "document.documentElement.outerHTML + [...document.querySelectorAll('input')].map(i => i.value).join(' ')",
        )
        .await
    }

    // ---- doing

    pub async fn find(&self, css: &str) -> WebElement {
        self.until_shown(css).await;
        self.driver.find(By::Css(css)).await.unwrap_or_else(|e| panic!("{css}: {e}"))
    }

    pub async fn click(&self, css: &str) {
        // What is just moving in cannot be hit where it was seen.
        let shown = format!("document.querySelector({css:?})?.checkVisibility({{ visibilityProperty: true }})");
        self.until(&format!("{shown} && {AT_REST}")).await;
        self.hit(css).await;
    }

    async fn hit(&self, css: &str) {
        let found = self.driver.find(By::Css(css)).await.unwrap_or_else(|e| panic!("{css}: {e}"));
        found.click().await.unwrap_or_else(|e| panic!("{css}: {e}"));
    }

    /// Clicks the link or button with that text.
    pub async fn click_text(&self, within: &str, text: &str) {
        // Aimed at anew each time: an answer that arrives meanwhile may put another element in its place.
        self.until(&format!(
            "{AT_REST} && (() => {{ document.querySelector('[data-aim]')?.removeAttribute('data-aim');
              const found = [...document.querySelectorAll({within:?} + ' :is(a, button)')]
                .find(e => e.textContent.trim() === {text:?} && e.checkVisibility({{ visibilityProperty: true }}));
              if (found) found.dataset.aim = ''; return found; }})()"
        ))
        .await;
        self.hit("[data-aim]").await;
    }

    /// Types into a field, in place of what it held.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        // As a person would, without leaving the field: WebDriver's own clear takes the focus away, and an answer
        // that arrives just then may fill the field anew.
        let quoted = serde_json::to_string(css).unwrap();
        let select = format!("(e => {{ e.focus(); e.select(); return true; }})(document.querySelector({quoted}))");
        let _: bool = self.see(&select).await;
        let keys = if text.is_empty() { TypingData::from(Key::Backspace) } else { TypingData::from(text) };
        field.send_keys(keys).await.unwrap_or_else(|e| panic!("{css}: {e}"));
    }

    /// Sets a field that cannot be typed into alike everywhere: a date, a sign beyond the keyboard.
    pub async fn set(&self, css: &str, text: &str) {
        self.until_shown(css).await;
        let (css, text) = (serde_json::to_string(css).unwrap(), serde_json::to_string(text).unwrap());
        let set =
            format!("(e => {{ e.value = {text}; return e.dispatchEvent(new Event('input', {{ bubbles: true }})); }})");
        let _: bool = self.see(&format!("{set}(document.querySelector({css}))")).await;
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.unwrap();
    }

    // ---- what the browser itself says

    /// Fails on any error in the console that is not the plain report of an answer's status.
    pub async fn expect_quiet_console(&self) {
        let said = self.driver.browser_log().await.unwrap();
        let is_status = |text: &str| {
            (text.contains("the server responded with a status of") && !text.contains("/static/"))
                || text.contains("net::ERR_INTERNET_DISCONNECTED")
        };
        let loud = said.into_iter().filter(|e| e.level == "SEVERE" || e.message.contains("Content Security"));
        let loud: Vec<_> = loud.filter(|entry| !is_status(&entry.message)).collect();
        assert!(loud.is_empty(), "the console at {}: {loud:#?}", self.path().await);
    }

    /// How wide the window is, in CSS pixels; up to 767 it is a phone.
    pub async fn resize(&self, width: u32) {
        let height = if width < 768 { 844 } else { 860 };
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 768 });
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// `light` or `dark`, and no motion.
    pub async fn theme(&self, theme: &str) {
        let features = [
            json!({ "name": "prefers-color-scheme", "value": theme }),
            json!({ "name": "prefers-reduced-motion", "value": "reduce" }),
        ];
        self.tell("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }
}
