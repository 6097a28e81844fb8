"use strict";
// The page can be read without any of this: it only adds.

const say = (text) => {
  const place = document.querySelector("[data-says]");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
};

// Light and dark ------------------------------------------------------------------------------

const themes = () => {
  const button = document.querySelector("[data-theme-toggle]");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const now = () => document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
  const name = () => { button.textContent = now() === "dark" ? "Light" : "Dark"; };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = now() === "dark" ? "light" : "dark";
    name();
  });
  dark.addEventListener("change", name);
  button.hidden = false;
  name();
};

// Copying -------------------------------------------------------------------------------------

// Pages that are opened from disk may have no clipboard API, so the old way stands behind it.
const copyOldWay = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
};

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text);
  }
};

const copying = () => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = button.parentElement.querySelector("[data-copied]").textContent;
      const done = await copy(text);
      button.focus();
      button.textContent = done ? "Copied" : "Select and copy it by hand";
      say(button.textContent);
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
};

themes();
copying();
