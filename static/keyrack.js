// Everything the pages do beyond links and forms, on top of htmx: dialogs, shortcuts, counting, copying, and
// telling what goes wrong on the way. All listeners sit on the document, so swapped content needs no wiring.
// Without this file, and without htmx, every address is a whole page that works.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (event, act, options) => document.addEventListener(event, act, options);

  document.documentElement.dataset.scripted = ""; // shows what only works with this script

  // ---- the viewer's zone: a cookie for the times the server prints, a field where a date is sent

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `tz=${zone}; Path=/; SameSite=Lax`;

  // ---- dialogs: htmx puts them into #dialogs, here they open, stack and close

  let stack = []; // the open ones, lowest first: {dialog, opener}
  let lastSource = null;

  const reach = element => element?.isConnected ? element : element?.id ? document.getElementById(element.id) : null;

  /** Opens what arrived, forgets what left, and puts the focus back where the lowest of those came from. */
  function settleDialogs() {
    const gone = stack.filter(entry => !entry.dialog.isConnected);
    stack = stack.filter(entry => entry.dialog.isConnected);
    const arrived = all("#dialogs > dialog:not([open])");
    for (const dialog of arrived) {
      stack.push({ dialog, opener: gone[0]?.opener ?? lastSource });
      dialog.showModal();
    }
    if (gone.length && !arrived.length) {
      const opener = reach(gone[0].opener);
      (opener?.checkVisibility?.() === false ? one("h1") : opener ?? one("h1"))?.focus({ preventScroll: true });
    }
  }

  function close(dialog) {
    if (dialog.dispatchEvent(new Event("cancel", { cancelable: true }))) dialog.close();
  }

  on("close", event => {
    if (!event.target.matches("#dialogs > dialog")) return;
    event.target.remove();
    settleDialogs();
  }, true);

  // A key that was not copied: the first attempt to close asks, the second closes.
  on("cancel", event => {
    const { target } = event;
    if (!target.matches("dialog[data-reveal]") || target.dataset.copied || target.dataset.asked) return;
    event.preventDefault();
    target.dataset.asked = "once";
    one("[data-unsaved]", target).hidden = false;
  }, true);

  addEventListener("beforeunload", event => {
    if (one("[data-reveal]:not([data-copied], [data-asked])")) event.preventDefault();
  });

  // Back must not find the key in a page that the browser kept.
  addEventListener("pagehide", () => all("[data-reveal]").forEach(element => element.remove()));

  // ---- clicks: closing, rows, the row menu, copying

  on("click", event => {
    const { target } = event;
    if (target.closest("[data-close]")) return close(target.closest("dialog"));
    const done = target.closest("[data-done]");
    if (done) {
      const reveal = done.closest("[data-reveal]");
      if (reveal) reveal.dataset.copied = "said";
      return done.closest("dialog")?.close();
    }
    const copy = target.closest("[data-copy]");
    if (copy) return copyKey(copy);
    if (target.closest(".menu a")) return target.closest(".menu").hidePopover?.();
    const row = target.closest("tr.key");
    if (row && !target.closest("a, button, [popover]") && getSelection().isCollapsed) {
      const { ctrlKey, metaKey, shiftKey } = event;
      one(".key-name a", row).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }));
    }
  });

  // htmx 4.0.1 cancels a Ctrl-click on its links and then leaves it alone; it is the browser's, for a new tab.
  on("click", event => {
    if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest("a[href]")) event.stopImmediatePropagation();
  }, true);

  // "Copy key" leads to where the key stands; here it copies, and leads there only where that fails.
  on("click", event => {
    const link = event.target.closest("a[data-copies]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || "failed" in link.dataset) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const menu = link.closest(".menu");
    put(link.dataset.copies, menu).then(copied => {
      if (copied) {
        menu.hidePopover?.();
        return tell(`“${link.dataset.name}” copied.`);
      }
      link.dataset.failed = "";
      link.click();
    });
  }, true);

  on("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const menu = event.target.closest(".menu, .key-actions");
    if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const popover = menu.matches(".menu") ? menu : one(".menu", menu);
      const links = all("a", popover);
      if (!popover.matches(":popover-open")) popover.showPopover?.({ source: event.target });
      const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      links.at(next % links.length)?.focus();
      event.preventDefault();
    }
    if (event.target.closest("input, textarea, select, dialog, [popover]")) return;
    const wanted = { "/": "#q", n: "#new-key" }[event.key];
    const element = wanted && !one("dialog[open]") && one(wanted);
    if (!element) return;
    event.preventDefault();
    if (event.key === "n") return element.click();
    element.focus();
    element.select();
  });

  // ---- copying, also where the clipboard API is missing (plain http on a LAN)

  async function put(text, root) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.readOnly = true;
      area.className = "unseen";
      root.append(area); // inside the dialog: what is outside a modal one cannot be selected
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      return copied;
    }
  }

  async function copyKey(button) {
    const root = button.closest(".sheet, .snippet");
    const source = one("[data-secret], [data-snippet]", root);
    const key = source.textContent;
    const { copy, env, line: pattern } = button.dataset;
    const text = {
      key,
      text: key,
      header: pattern?.replace("KEY", () => key),
      env: `${env}=${key}`,
      curl: pattern?.replace("$KEY", () => key),
    }[copy];
    const copied = await put(text, root);
    const line = one("[data-copied-text]", root);
    const said = copied ? (copy === "key" || copy === "text" ? "Copied." : `Copied as ${button.textContent}.`) : `Could not copy. Select ${copy === "text" ? "it" : "the key"} and copy it by hand.`;
    if (line) {
      line.toggleAttribute("data-failed", !copied);
      line.textContent = said;
    } else tell(said);
    if (!copied) return getSelection().selectAllChildren(source);
    button.focus();
    markCopied(root.closest("[data-reveal]"));
  }

  /** What is shown once was copied: nobody need be asked any more. */
  function markCopied(reveal) {
    if (!reveal) return;
    reveal.dataset.copied = "copied";
    one("[data-unsaved]", reveal).hidden = true;
  }

  // By hand: the whole key is selected at one click, so any copy of it is all of it.
  on("copy", () => {
    const secret = one("[data-reveal] [data-secret]");
    if (secret && getSelection().containsNode(secret, true)) markCopied(secret.closest("[data-reveal]"));
  });

  // ---- forms say back what is typed

  function sayBack(root = document) {
    for (const input of all("[data-count]", root)) {
      const length = [...input.value.trim().normalize("NFC")].length; // as the server counts: Unicode scalar values
      const count = input.nextElementSibling;
      one("[data-counted]", count).textContent = length;
      count.toggleAttribute("data-over", length > Number(input.dataset.count));
    }
    for (const date of zone ? all("[name=expires_on][type=date]", root) : []) {
      const form = date.form;
      if (!one("[name=time_zone]", form)) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "time_zone", value: zone }));
      all("[data-zone]", form).forEach(element => { element.textContent = zone.replaceAll("_", " "); });
    }
  }

  /** What is being mended is no longer called wrong. */
  function forgive(field) {
    all(".error", field).forEach(error => error.remove());
    all("[aria-invalid]", field).forEach(input => input.removeAttribute("aria-invalid"));
    all("[data-invalid]", field).forEach(frame => delete frame.dataset.invalid);
  }

  on("input", event => {
    const { target } = event;
    if (!target.form) return;
    if (target.closest(".field")) forgive(target.closest(".field"));
    sayBack(target.form);
  });
  on("DOMContentLoaded", () => sayBack());

  // ---- sending: once, with a token that still holds, and telling what went wrong

  // A plain form is sent once; one that htmx sends drops the second by hx-sync.
  on("submit", event => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "sent";
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach(form => delete form.dataset.sent));

  // The session had ended: before the next attempt the form takes the token of the new one. Its nonce stays.
  on("submit", event => {
    const form = event.target;
    if (!form.dataset.signedOut) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    freshToken(form).then(() => form.requestSubmit(event.submitter), () => lost(form));
  }, true);

  async function freshToken(form) {
    const answer = await fetch(form.dataset.ask, { headers: { "HX-Request": "true" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = one("input[name=token]", page)?.value;
    delete form.dataset.signedOut;
    if (token) all("input[name=token]").forEach(input => { input.value = token; });
  }

  function tell(text) {
    const line = document.createElement("p");
    line.textContent = text;
    one("#notice")?.replaceChildren(line);
    fadeNotice();
  }

  let fading;
  function fadeNotice() {
    clearTimeout(fading);
    if (one("#notice")?.childElementCount) fading = setTimeout(() => one("#notice")?.replaceChildren(), 7000);
  }

  /** No answer came. What was typed is still there; a create that did arrive is caught by its nonce. */
  function lost(source) {
    const why = navigator.onLine ? "The connection was lost before an answer came." : "You are offline.";
    const place = source?.matches?.("form") && one(".trouble", source);
    if (!place) return tell(`${why} Try again.`);
    const box = Object.assign(document.createElement("div"), { className: "callout" });
    box.dataset.tone = "bad";
    box.textContent = `${why} Nothing you typed is lost: try again.`;
    place.replaceChildren(box);
  }

  const slow = new WeakMap();

  on("htmx:config:request", event => {
    const { ctx } = event.detail;
    if (ctx.request.method !== "GET") return;
    for (const name of ["q", "project"]) if (ctx.request.body.get(name) === "") ctx.request.body.delete(name);
  });

  on("htmx:before:request", event => {
    const { ctx } = event.detail;
    const source = ctx.sourceElement;
    if (ctx.request.method === "GET") lastSource = source.closest(".menu")?.previousElementSibling ?? source;
    if (source.matches("form")) one(".trouble", source)?.replaceChildren();
    slow.set(ctx, setTimeout(() => { one("#heard").textContent = "Still waiting for the server."; }, 4000));
  });

  on("htmx:finally:request", event => {
    clearTimeout(slow.get(event.detail.ctx));
    fadeNotice();
  });

  on("htmx:error", event => {
    const { ctx } = event.detail;
    if (ctx && !ctx.response) lost(ctx.sourceElement);
  });

  // One entry of history for a search, not one a letter.
  on("htmx:before:history:update", event => {
    const { sourceElement, history } = event.detail;
    if (sourceElement?.id === "search" && new URLSearchParams(location.search).has("q")) history.type = "replace";
  });

  // ---- what is refused of keys that were just revoked: asked for as long as the server says where, and somebody looks

  let turn = 0;
  setInterval(() => {
    const notes = document.hidden ? [] : all("[data-watch]");
    for (let n = 0; n < Math.min(notes.length, 3); n++) watch(notes[turn++ % notes.length]);
  }, 3000);

  async function watch(note) {
    try {
      const answer = await fetch(note.dataset.watch, { headers: { "HX-Request": "true" } });
      if (answer.status < 500 && !answer.ok) delete note.dataset.watch; // signed out, or the key is gone
      const said = answer.ok && one(".refusals", new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (said && note.isConnected) note.replaceWith(said);
    } catch { /* no answer: it is asked again */ }
  }

  on("htmx:after:swap", event => {
    const { ctx } = event.detail;
    const form = ctx.sourceElement;
    if (form?.matches?.("form") && one("[data-signed-out]", form)) form.dataset.signedOut = "yes";
    settleDialogs();
    sayBack();
    if (ctx.response?.status === 422) one("dialog[open]:last-of-type [aria-invalid]")?.focus();
    if (ctx.request?.method === "GET" && (form?.id === "search" || form?.closest?.("#list") || form?.id === "list")) heardList();
  });

  /** The list was exchanged: say how much it holds, and let the search follow a link that changed it. */
  function heardList() {
    const q = one("#q");
    if (!q || one("dialog[open]")) return;
    const asked = new URLSearchParams(location.search);
    if (document.activeElement !== q) q.value = asked.get("q") ?? "";
    const project = one("#in-project");
    if (project && document.activeElement !== project) project.value = asked.get("project") ?? "";
    one("#heard").textContent = one("#empty h2")?.textContent ?? one("#foot .foot-count")?.textContent ?? "";
  }
})();
