// Fill the form of docs/browser.md and value the phone after every change. All rules are in Python: valuing.py and the wheels.
const here = new URL(".", import.meta.url);
const root = document.getElementById("valuing");
const form = root.querySelector("form");
const output = root.querySelector("output");
const questions = root.querySelector(".questions");
// What is shown first: a model, and a day on which the programme has fresh prices.
const favourites = {
  "mi-exchange-india": "oneplus-3t-6-64",
  "graded-trade-in": "oneplus-3t-6-64",
  "uk-trade-in": "google-pixel-8-128",
};
const days = { "mi-exchange-india": "2018-03-20", "graded-trade-in": "2018-03-20", "uk-trade-in": "2025-04-02" };

function option(id, text) {
  const made = document.createElement("option");
  made.value = id;
  made.textContent = text;
  return made;
}

async function start() {
  output.textContent = "Loading Python …";
  const list = await fetch(new URL("pyodide/wheels.json", here));
  if (!list.ok) {
    output.textContent = "This copy of the site was built without Pyodide: `make pyodide docs` builds one with it.";
    return;
  }
  const { loadPyodide } = await import(new URL("pyodide/pyodide.mjs", here));
  const python = await loadPyodide({ indexURL: new URL("pyodide/", here).href });
  for (const wheel of await list.json()) {
    const file = await fetch(new URL(`pyodide/${wheel}`, here));
    python.unpackArchive(await file.arrayBuffer(), "wheel");
  }
  const source = await (await fetch(new URL("valuing.py", here))).text();
  const names = python.runPython(source + "\n(form, value)");
  const [ask, value] = [names.get(0), names.get(1)];

  function refill(isNew) {
    const { programme, day, model } = form.elements;
    let asked = JSON.parse(ask(programme.value, day.value, isNew ? "" : model.value));
    if (isNew) {
      model.replaceChildren(...asked.models.map((one) => option(one.id, one.label)));
      model.value = favourites[programme.value];
      if (!model.value) model.selectedIndex = 0;
      asked = JSON.parse(ask(programme.value, day.value, model.value));
    }
    questions.replaceChildren(
      ...asked.questions.map((question) => {
        const label = document.createElement("label");
        const select = document.createElement("select");
        select.dataset.question = question.id;
        select.append(...question.options.map((one) => option(one.id, one.text)));
        label.append(question.text, document.createElement("br"), select);
        return label;
      }),
    );
  }

  function show() {
    const selects = [...questions.querySelectorAll("select")];
    const answers = Object.fromEntries(selects.map((one) => [one.dataset.question, one.value]));
    const { programme, day, model } = form.elements;
    output.textContent = day.value ? value(programme.value, day.value, model.value, JSON.stringify(answers)) : "Choose a day.";
  }

  form.addEventListener("change", ({ target }) => {
    if (target.name === "programme") form.elements.day.value = days[target.value];
    if (target.name && form.elements.day.value) refill(target.name !== "model");
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  refill(true);
  show();
}

start().catch((error) => {
  output.textContent = `Python could not be started: ${error}`;
});
