// The buttons that change the fleet; shown where the program lets the page do so.

import { count } from "./numbers.js";

async function post(path, document_) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Choria-Control": "1" },
    body: JSON.stringify(document_),
  });
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(told.error ?? `the emulator answered ${response.status}`);
}

export class Control {
  constructor(page) {
    const find = (id) => page.getElementById(id);
    this.section = find("control");
    this.resize = find("resize");
    this.storm = find("storm");
    this.size = find("instances");
    this.sure = find("storm-sure");
    this.ask = find("storm-ask");
    this.answer = find("control-answer");
    this.isTouched = false;
    this.size.addEventListener("input", () => (this.isTouched = true));
    this.resize.addEventListener("submit", (event) => {
      event.preventDefault();
      this.setSize(this.size.valueAsNumber);
    });
    this.ask.addEventListener("click", () => this.confirm(true));
    find("storm-leave").addEventListener("click", () => this.confirm(false));
    find("storm-do").addEventListener("click", () => this.cut());
  }

  // Where a person has typed a number it stays until it is sent.
  show(permits, wanted) {
    this.section.hidden = !(permits.resize || permits.storm);
    this.resize.hidden = !permits.resize;
    this.storm.hidden = !permits.storm;
    if (!this.isTouched && document.activeElement !== this.size) this.size.value = String(wanted);
  }

  confirm(asked) {
    this.sure.hidden = !asked;
    this.ask.hidden = asked;
    (asked ? this.sure.querySelector("button") : this.ask).focus();
  }

  async setSize(instances) {
    await this.do(() => post("fleet", { instances }), `The fleet shall have ${count(instances)} nodes.`);
    this.isTouched = false;
  }

  async cut() {
    this.confirm(false);
    await this.do(() => post("storm", {}), "All connections were cut.");
  }

  async do(work, said) {
    const buttons = this.section.querySelectorAll("button");
    buttons.forEach((button) => (button.disabled = true));
    try {
      await work();
      this.tell(said, false);
    } catch (error) {
      this.tell(`That did not work: ${error.message}`, true);
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  }

  tell(text, isBad) {
    this.answer.textContent = text;
    this.answer.classList.toggle("bad", isBad);
  }
}
