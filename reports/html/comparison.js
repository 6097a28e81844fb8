// A comparison: arrow keys in the matrix, what a cell says in a line, and tokens that stand once.

const shownText = (cell) => cell.getAttribute("aria-label");

class Matrix {
  constructor(table) {
    this.rows = [...table.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("button")]);
    this.peek = document.querySelector("[data-peek]");
    this.peek.hidden = false;
    document.querySelector("[data-keys]").hidden = false;
    for (const cell of this.rows.flat()) cell.tabIndex = -1;
    if (this.rows[0] && this.rows[0][0]) this.rows[0][0].tabIndex = 0;
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("focusin", (event) => this.met(event.target.closest("button")));
    table.addEventListener("pointerover", (event) => this.tell(event.target.closest("button")));
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const row = this.rows.findIndex((cells) => cells.includes(event.target));
    if (row < 0) return;
    const column = this.rows[row].indexOf(event.target);
    const to = {
      ArrowRight: [row, column + 1], ArrowLeft: [row, column - 1],
      ArrowDown: [row + 1, column], ArrowUp: [row - 1, column],
      Home: [row, 0], End: [row, this.rows[row].length - 1],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const cell = this.rows[to[0]] && this.rows[to[0]][to[1]];
    if (cell) cell.focus();
  }

  met(cell) {
    if (!cell) return;
    for (const each of this.rows.flat()) each.tabIndex = each === cell ? 0 : -1;
    this.tell(cell);
  }

  tell(cell) {
    if (cell) this.peek.textContent = shownText(cell);
  }
}

for (const table of document.querySelectorAll("[data-matrix]")) new Matrix(table);

for (const button of document.querySelectorAll("[data-copy-of]")) {
  const name = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const token = document.getElementById(button.dataset.copyOf).textContent;
    const done = await copy((button.dataset.before || "") + token);
    button.textContent = done ? "Copied" : "Select and copy it by hand";
    say(button.textContent);
    setTimeout(() => { button.textContent = name; }, 2000);
  });
}

// A story is folded, and a note stands over it: who goes there wants to see it.
const openTarget = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  const fold = target && target.querySelector(":scope > details");
  if (fold) fold.open = true;
};

for (const link of document.querySelectorAll("[data-story]")) {
  link.addEventListener("click", () => {
    link.closest("[popover]").hidePopover();
    setTimeout(openTarget);
  });
}
addEventListener("hashchange", openTarget);
openTarget();
