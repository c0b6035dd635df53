// Replaces <main> each minute, unless something in it has the focus or is being selected. The page works without it.
"use strict";

const every = 60_000;
const status = document.getElementById("freshness");

const inUse = () => {
  const main = document.getElementById("main");
  const focused = document.activeElement;
  const selection = document.getSelection();
  const selects = selection && !selection.isCollapsed && main.contains(selection.anchorNode);
  return (focused !== main && main.contains(focused)) || selects;
};

const keep = (from, to) => {
  for (const details of from.querySelectorAll("details[open][id]")) {
    const same = to.querySelector(`#${CSS.escape(details.id)}`);
    if (same) same.open = true;
  }
  const wide = to.querySelectorAll(".scroll");
  from.querySelectorAll(".scroll").forEach((was, place) => {
    if (wide[place]) [wide[place].scrollLeft, wide[place].scrollTop] = [was.scrollLeft, was.scrollTop];
  });
};

const say = (words) => {
  if (status.textContent !== words) status.textContent = words;
};

const refresh = async () => {
  if (document.hidden) return;
  if (inUse()) return say("Not refreshed while something on the page is in use.");
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = document.getElementById("main");
    if (inUse()) return;
    const next = document.importNode(fresh.getElementById("main"), true);
    const hadFocus = document.activeElement === main;
    main.replaceWith(next);
    keep(main, next);
    if (hadFocus) next.focus({ preventScroll: true });
    document.title = fresh.title;
    say("Refreshes each minute.");
  } catch {
    say("Not refreshed: the service does not answer. What is shown is old.");
  }
};

setInterval(refresh, every);
document.addEventListener("visibilitychange", refresh);
