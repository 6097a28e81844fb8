// The diagram: stepping from moment to moment, and the lines that join them.

const SVG = "http://www.w3.org/2000/svg";

const unfold = (row) => {
  for (let fold = row.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
};

const more = (row) => [...row.querySelectorAll(".more span")].map((each) => each.textContent).join(" · ");

class Run {
  constructor(root) {
    this.root = root;
    this.rows = [...root.querySelectorAll("li.moment")];
    this.places = new Map(this.rows.map((row, place) => [row, place]));
    this.body = root.querySelector(".body");
    this.lines = root.querySelector("[data-links]");
    this.where = root.querySelector("[data-where]");
    this.bonds = [...root.querySelectorAll("[data-link]")].map((each) => ({
      sort: each.dataset.link, x: +each.dataset.x, y: +each.dataset.y,
      from: document.getElementById(each.dataset.from), to: document.getElementById(each.dataset.to),
    }));
    this.current = null;
    this.asked = false;
    this.listen();
    if (this.rows.length) this.rows[0].tabIndex = 0;
    root.querySelector("[data-tools]").hidden = false;
    this.tell(null);
    this.draw();
  }

  listen() {
    const list = this.root.querySelector("ol.moments");
    list.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("focusin", (event) => this.met(event.target.closest("li.moment")));
    list.addEventListener("click", (event) => {
      const row = event.target.closest("li.moment");
      if (row && !event.target.closest("a") && !String(getSelection())) this.go(row);
    });
    list.addEventListener("pointerover", (event) => this.point(event.target.closest("li.moment")));
    list.addEventListener("pointerleave", () => this.point(null));
    list.addEventListener("toggle", () => this.later(), true);
    for (const button of this.root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.step(+button.dataset.step));
    }
    const wrong = this.root.querySelector("[data-wrong]");
    if (wrong) wrong.addEventListener("click", () => this.go(document.getElementById(wrong.dataset.wrong)));
    new ResizeObserver(() => this.later()).observe(this.body);
  }

  key(event) {
    const row = event.target;
    if (!row.matches("li.moment") || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.rows.length - 1;
    const place = this.places.get(row);
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.go(this.rows[Math.max(0, Math.min(last, to))]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      row.classList.toggle("open");
    }
  }

  // Folds on the way are opened, because a step leads to the next moment and not past it.
  go(row) {
    unfold(row);
    row.tabIndex = 0;
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  step(by) {
    const place = this.current ? this.places.get(this.current) + by : by > 0 ? 0 : this.rows.length - 1;
    if (this.rows[place]) this.go(this.rows[place]);
  }

  met(row) {
    if (!row || row === this.current) return;
    if (this.current) {
      this.current.classList.remove("current");
      this.current.tabIndex = -1;
    } else if (this.rows[0]) {
      this.rows[0].tabIndex = -1;
    }
    row.tabIndex = 0;
    row.classList.add("current");
    this.current = row;
    this.tell(row);
    this.light(row);
  }

  tell(row) {
    const count = this.rows.length;
    this.where.textContent = row
      ? `${this.places.get(row) + 1} of ${count}: ${more(row)}`
      : `${count} moments. Arrow keys step, Enter tells more.`;
  }

  point(row) {
    this.tell(row || this.current);
    this.light(row || this.current);
  }

  light(row) {
    for (const each of this.bonds) {
      const is = row !== null && (each.from === row || each.to === row);
      if (each.path) each.path.classList.toggle("lit", is);
    }
  }

  later() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; this.draw(); });
  }

  // All places are read before anything is written, so that the page is laid out once.
  draw() {
    const top = this.body.getBoundingClientRect().top;
    const height = (row) => {
      const fold = row.closest(".fold details:not([open])");
      const box = (fold || row).getBoundingClientRect();
      const lanes = fold ? null : row.querySelector(".lanes").getBoundingClientRect();
      return lanes ? lanes.top - top + 14 : box.top - top + box.height / 2;
    };
    const drawn = this.bonds.map((each) => [each, height(each.from), height(each.to)]);
    const paths = drawn.filter(([, from, to]) => Math.abs(from - to) > 4).map(([each, from, to]) => {
      const path = document.createElementNS(SVG, "path");
      const bow = Math.min(26, 10 + Math.abs(to - from) / 12);
      const right = Math.max(each.x, each.y) + bow;
      path.setAttribute("class", `link ${each.sort}`);
      path.setAttribute("d", `M${each.x + 6} ${from}C${right} ${from + 4} ${right} ${to - 4} ${each.y + 7} ${to}`);
      each.path = path;
      const head = document.createElementNS(SVG, "path");
      head.setAttribute("class", `head ${each.sort}`);
      head.setAttribute("d", `M${each.y + 6} ${to}l7 -5v8z`);
      return [path, head];
    });
    this.lines.replaceChildren(...paths.flat());
    this.light(this.current);
  }
}

const reveal = () => {
  const row = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!row || !row.closest("details")) return;
  unfold(row);
  // Once more in a while, because what is far away has no certain height before it is near.
  const show = () => row.scrollIntoView({ block: "center" });
  show();
  requestAnimationFrame(() => requestAnimationFrame(show));
};

document.documentElement.classList.add("scripted");
for (const each of document.querySelectorAll("[data-diagram]")) new Run(each);
addEventListener("hashchange", reveal);
reveal();
