// What the create form does beyond being a form: it shows what belongs to the chosen kind of key, filters a long
// matrix, opens the fields of a resource, ticks a whole row, and says back what is chosen. It changes no answer:
// without it the same form says the same to the server.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (event, act) => document.addEventListener(event, act);

  const ofForm = "form:has(.matrix)";

  // ---- what is chosen, said back

  /** "Shifts", "Shifts and Users", "Shifts, Users and Leaves" */
  const list = words => words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
  const counted = fields => fields === 0 ? "no field" : fields === 1 ? "1 field" : `${fields} fields`;
  const few = objects => objects.length > 6 ? [...objects.slice(0, 5), `${objects.length - 5} more`] : objects;

  /** The grammar of the server's `sentences` in `keys/wording.rs`: resources with the same verbs share one. */
  function sentence(resources) {
    const groups = new Map(); // "read and write" → its resources
    let looks = 0, changes = 0;
    // "3 fields of Users and Leaves" could mean either: what is held to fields comes last.
    for (const resource of [...resources.filter(resource => !isFew(resource)), ...resources.filter(isFew)]) {
      const ticked = all("[name=permission]:checked:enabled", resource);
      if (!ticked.length) continue;
      const verbs = list(ticked.map(box => box.dataset.verb));
      const { resource: label } = resource.dataset;
      const object = isFew(resource) ? `${counted(all("[name=field]:checked", resource).length)} of ${label}` : label;
      groups.set(verbs, [...(groups.get(verbs) ?? []), object]);
      for (const box of ticked) "change" in box.dataset ? changes++ : looks++;
    }
    if (!groups.size) return "Nothing is chosen yet.";
    const said = [...groups].slice(0, 4).map(([verbs, objects]) => `Can ${verbs} ${list(few(objects))}.`);
    const rest = [...groups.values()].slice(4).reduce((sum, objects) => sum + objects.length, 0);
    if (rest) said.push(`Can do other things with ${rest} more.`);
    if (!changes) said.push("Cannot change anything.");
    if (!looks) said.push("Cannot read anything.");
    return said.join(" ");
  }

  const isFew = resource => !!one("[name^='fields.'][value=some]:checked", resource);

  function say(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  // ---- the form follows what is chosen in it

  function follow(form) {
    const kind = (one("[name=kind]:checked", form) ?? one("[name=kind]", form))?.value;
    const isOther = part => !part.dataset.kinds.split(" ").includes(kind);
    for (const part of all("[data-kinds]", form)) {
      part.hidden = isOther(part);
      // A cell stands in a column and in a row, and counts where both are for the kind.
      const outer = part.parentElement.closest("[data-kinds]");
      const isOut = part.hidden || (outer && isOther(outer));
      for (const input of all("input, textarea, select", part)) input.disabled = isOut;
    }
    const resources = all(".resource", form);
    for (const resource of resources) {
      const boxes = all("[name=field]", resource);
      const count = boxes.filter(box => box.checked).length;
      say(one("[data-fields-said]", resource), isFew(resource) ? `${count} of ${boxes.length}` : "all");
      one("[data-row]", resource)?.setAttribute("aria-pressed", isWhole(resource));
    }
    filter(form, resources);
    say(one("#permissions-sentence", form), sentence(resources));
  }

  /** Hides the resources whose names do not hold what is typed. What is ticked of them stays ticked. */
  function filter(form, resources) {
    const field = one("#filter", form);
    if (!field) return;
    const wanted = field.value.trim().toLowerCase();
    const offered = resources.filter(resource => resource.dataset.kinds === undefined || !one("input:disabled", resource));
    let shown = 0, ticked = 0;
    for (const resource of offered) {
      resource.hidden = !resource.dataset.resource.toLowerCase().includes(wanted);
      if (!resource.hidden) shown++;
      else if (one("[name=permission]:checked", resource)) ticked++;
    }
    const said = wanted ? `${shown} of ${offered.length} resources` : `${offered.length} resources`;
    say(one("#filter-count", form), ticked ? `${said}; ${ticked} chosen ${ticked === 1 ? "is" : "are"} hidden` : said);
  }

  const followAll = () => all(ofForm).forEach(follow);

  // ---- fields and rows

  const isWhole = resource => all("[name=permission]", resource).every(box => box.checked);
  const changed = element => element.dispatchEvent(new Event("input", { bubbles: true }));

  function choose(resource, which) {
    const radio = one(`[name^='fields.'][value=${which}]`, resource);
    radio.checked = true;
    return radio;
  }

  /** "All" takes the ticks away, so that what stands there is what is sent; a way back to "these" restores them. */
  function choiceMade(resource, which) {
    for (const box of all("[name=field]", resource)) {
      if (which === "all") box.dataset.was = box.checked;
      box.checked = which === "some" && box.dataset.was === "true";
    }
  }

  on("input", ({ target }) => {
    const resource = target.closest(".resource");
    if (target.name === "field" && target.checked) choose(resource, "some");
    if (target.name?.startsWith("fields.")) choiceMade(resource, target.value);
    const form = target.closest(ofForm);
    if (form) follow(form);
  });

  on("click", ({ target }) => {
    const button = target.closest("[data-row], [data-fields]");
    if (!button) return;
    const resource = button.closest(".resource");
    if ("row" in button.dataset) {
      const boxes = all("[name=permission]", resource);
      const tick = !isWhole(resource);
      for (const box of boxes) box.checked = tick;
      return changed(boxes[0]);
    }
    for (const box of all("[name=field]", resource)) box.checked = button.dataset.fields === "all";
    choose(resource, "some");
    changed(one("[name=permission]", resource));
  });

  // Esc empties the filter before it closes the dialog.
  on("keydown", event => {
    if (event.key !== "Escape" || event.target.id !== "filter" || !event.target.value) return;
    event.preventDefault();
    event.target.value = "";
    changed(event.target);
  });

  on("DOMContentLoaded", followAll);
  on("htmx:after:swap", followAll);
})();
