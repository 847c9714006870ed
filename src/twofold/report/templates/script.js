"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const remembered = () => { try { return localStorage.getItem("twofold-theme"); } catch { return null; } };
  const remember = (theme) => { try { localStorage.setItem("twofold-theme", theme); } catch { /* no storage for files here */ } };
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  if (remembered()) root.dataset.theme = remembered();
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    remember(root.dataset.theme);
  });

  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const code = button.closest(".code").querySelector("code");
      getSelection().selectAllChildren(code);
      try { await navigator.clipboard.writeText(code.textContent); } catch { document.execCommand("copy"); }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  for (const head of document.querySelectorAll(".sortable th[data-key]")) {
    head.querySelector("button").addEventListener("click", () => {
      const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
      const key = head.dataset.key;
      const compare = key === "name"
        ? (a, b) => a.dataset.name.localeCompare(b.dataset.name)
        : (a, b) => a.dataset[key] - b.dataset[key];
      const body = head.closest("table").tBodies[0];
      body.append(...[...body.rows].sort((a, b) => turn * compare(a, b)));
    });
  }
})();
