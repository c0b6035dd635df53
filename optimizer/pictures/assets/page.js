// Draws each chart, sets it in the colours the reader's system prefers, and reads it out slot by slot.
"use strict";

(() => {
  const LABEL_PX = 40;
  const NARROW = matchMedia("(max-width: 44rem)");
  const DARK = matchMedia("(prefers-color-scheme: dark)");
  const TOUCH = matchMedia("(pointer: coarse)");
  const CONFIG = {
    displaylogo: false,
    displayModeBar: false,
    doubleClick: "reset",
    doubleClickDelay: 800,
    responsive: false,
    scrollZoom: false,
    showTips: false,
  };
  const parsed = (element) => JSON.parse(element.textContent);
  const palettes = parsed(document.querySelector("script.palettes"));

  /** A copy with each "@role" in the place of a colour replaced. */
  const painted = (found, colours, name = "") => {
    if (Array.isArray(found)) return found.map((each) => painted(each, colours, name));
    if (found && typeof found === "object") {
      return Object.fromEntries(Object.entries(found).map(([key, each]) => [key, painted(each, colours, key)]));
    }
    return name.endsWith("color") && typeof found === "string" ? (colours[found.slice(1)] ?? found) : found;
  };

  const instant = (text) => Date.parse(/[zZ]$/.test(text) ? text : `${text.replace(" ", "T")}Z`);

  const rounded = (value, decimals) => {
    const text = value.toFixed(decimals);
    return Number(text) === 0 ? text.replace("-", "") : text;
  };

  const element = (tag, look, text) => {
    const made = document.createElement(tag);
    if (look) made.className = look;
    made.textContent = text;
    return made;
  };

  class Chart {
    constructor(root) {
      this.root = root;
      this.spec = parsed(root.querySelector("script.spec"));
      this.stage = root.querySelector(".stage");
      this.plot = root.querySelector(".plot");
      this.band = root.querySelector(".band");
      this.card = root.querySelector(".card");
      this.said = root.querySelector(".said");
      this.heads = [...root.querySelectorAll(".head")];
      this.slot = 0;
      this.range = [this.spec.edges[0], this.spec.edges.at(-1)];
    }

    async start() {
      await this.draw();
      this.plot.on("plotly_relayout", (change) => this.zoomed(change));
      this.stage.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.point(event));
      this.stage.addEventListener("click", (event) => this.point(event));
      this.stage.addEventListener("pointerleave", () => this.leave());
      this.stage.addEventListener("keydown", (event) => this.key(event));
      this.stage.addEventListener("focus", () => this.stage.matches(":focus-visible") && this.show(this.slot, true));
      this.stage.addEventListener("blur", () => this.leave());
      new ResizeObserver(() => this.width !== this.plot.clientWidth && this.draw()).observe(this.stage);
      for (const wish of [DARK, NARROW]) wish.addEventListener("change", () => this.draw());
      if (NARROW.matches) this.show(0);
      this.root.dataset.ready = "true";
    }

    /** The figure with room for the headings as they are now. */
    draw() {
      this.width = this.plot.clientWidth;
      const { data, layout } = painted(this.spec.figure, DARK.matches ? palettes.dark : palettes.light);
      const rooms = this.heads.map((head) => head.offsetHeight);
      const whole = rooms.reduce((sum, room, at) => sum + room + this.spec.heights[at], 0);
      let top = 0;
      this.heads.forEach((head, at) => {
        head.style.top = `${top}px`;
        const from = top + rooms[at];
        top = from + this.spec.heights[at];
        layout[at ? `yaxis${at + 1}` : "yaxis"].domain = [1 - top / whole, 1 - from / whole];
      });
      this.bottom = whole;
      layout.height = whole + layout.margin.b;
      layout.width = this.width;
      layout.dragmode = TOUCH.matches ? false : "zoom";
      layout.xaxis.range = this.range.map((ms) => new Date(ms).toISOString());
      Object.assign(layout.xaxis, this.ticks());
      const drawn = Plotly.react(this.plot, data, layout, CONFIG);
      if (!this.band.hidden) this.show(this.slot);
      return drawn;
    }

    inner() {
      const { l, r } = this.spec.figure.layout.margin;
      return { left: l, width: this.width - l - r };
    }

    /** The finest ticks that have room in what is in sight. */
    ticks() {
      const [from, to] = this.range;
      const room = this.inner().width / LABEL_PX;
      const seen = (level) => level.at.filter((at) => from <= instant(at) && instant(at) <= to).length;
      const level = this.spec.ticks.find((each) => seen(each) > 0 && seen(each) <= room) ?? this.spec.ticks.at(-1);
      return { tickvals: level?.at ?? [], ticktext: level?.texts ?? [] };
    }

    zoomed(change) {
      const from = change["xaxis.range[0]"] ?? change["xaxis.range"]?.[0];
      const to = change["xaxis.range[1]"] ?? change["xaxis.range"]?.[1];
      if (from === undefined && !change["xaxis.autorange"]) return;
      const { edges } = this.spec;
      const range = from === undefined ? [edges[0], edges.at(-1)] : [instant(String(from)), instant(String(to))];
      if (range[0] === this.range[0] && range[1] === this.range[1]) return;
      this.range = range;
      this.draw();
    }

    px(ms) {
      const { left, width } = this.inner();
      const share = (ms - this.range[0]) / (this.range[1] - this.range[0]);
      return left + width * Math.min(Math.max(share, 0), 1);
    }

    slotAt(ms) {
      const after = this.spec.edges.findIndex((edge) => edge > ms);
      return Math.min(Math.max((after < 0 ? this.spec.edges.length : after) - 1, 0), this.spec.names.length - 1);
    }

    point(event) {
      const { left, width } = this.inner();
      const x = event.clientX - this.stage.getBoundingClientRect().left - left;
      if (x < 0 || x > width) return;
      this.show(this.slotAt(this.range[0] + (x / width) * (this.range[1] - this.range[0])));
      this.place(event.clientX, event.clientY);
    }

    leave() {
      if (NARROW.matches || this.stage.matches(":focus-visible")) return;
      this.band.hidden = this.card.hidden = true;
    }

    key(event) {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const { edges, names, leap } = this.spec;
      const last = names.length - 1;
      const to = {
        ArrowLeft: () => this.slot - 1,
        ArrowRight: () => this.slot + 1,
        PageUp: () => Math.min(this.slotAt(edges[this.slot] - leap), this.slot - 1),
        PageDown: () => Math.max(this.slotAt(edges[this.slot] + leap), this.slot + 1),
        Home: () => 0,
        End: () => last,
      }[event.key];
      if (!to) return;
      event.preventDefault();
      this.show(Math.min(Math.max(to(), 0), last), true);
    }

    /** Marks a slot and tells it; aloud where the keyboard asked. */
    show(slot, aloud = false) {
      this.slot = slot;
      const [from, to] = [this.px(this.spec.edges[slot]), this.px(this.spec.edges[slot + 1])];
      Object.assign(this.band.style, { left: `${from}px`, width: `${Math.max(to - from, 2)}px`, height: `${this.bottom}px` });
      const facts = [...this.values(slot), ...this.commands(slot)];
      const list = element("dl", "", "");
      for (const [name, value] of facts) {
        const pair = element("div", "", "");
        pair.append(element("dt", "", name), element("dd", "", value));
        list.append(pair);
      }
      const { names, notes } = this.spec;
      this.card.replaceChildren(element("p", "when", names[slot]), list, element("p", "why", notes[slot] ?? ""));
      this.band.hidden = this.card.hidden = false;
      this.root.dataset.slot = slot;
      if (!aloud) return;
      const box = this.stage.getBoundingClientRect();
      this.place(box.left + to, Math.max(box.top, 0) + 24);
      const told = facts.map(([name, value]) => `${name} ${value}`).join(", ");
      this.said.textContent = `${names[slot]}: ${notes[slot] ? `${notes[slot]}. ` : ""}${told}.`;
    }

    /** Beside the pointer, on the side where there is room; on a narrow page the style sheet has its own place. */
    place(clientX, clientY) {
      if (NARROW.matches) return this.card.removeAttribute("style");
      const box = this.root.getBoundingClientRect();
      const x = clientX - box.left;
      const side = x + 24 + this.card.offsetWidth > box.width ? x - 24 - this.card.offsetWidth : x + 24;
      const highest = Math.max(0, -box.top);
      const lowest = Math.max(Math.min(box.height, innerHeight - box.top) - this.card.offsetHeight, highest);
      const y = Math.min(Math.max(clientY - box.top - 24, highest), lowest);
      Object.assign(this.card.style, { left: `${Math.max(side, 0)}px`, top: `${y}px` });
    }

    values(slot) {
      return this.spec.values
        .filter((each) => typeof each.values[slot] === "number")
        .map(({ name, unit, decimals, values, guess }) => [
          guess?.[slot] ? `${name} (${guess[slot]})` : name,
          `${rounded(values[slot], decimals)} ${unit}`,
        ]);
    }

    commands(slot) {
      const [from, to] = [this.spec.edges[slot], this.spec.edges[slot + 1]];
      return this.spec.lanes.flatMap(({ name, spans }) => {
        const texts = spans.filter(([start, end]) => start < to && from < end).map(([, , text]) => text);
        return texts.length ? [[name, texts.join(", ")]] : [];
      });
    }
  }

  for (const root of document.querySelectorAll(".chart")) new Chart(root).start();
})();
