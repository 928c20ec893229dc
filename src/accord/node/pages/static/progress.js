// Adds what a running job tells to the list on its page. Without it, the page comes anew by itself.
"use strict";
const list = document.getElementById("told");
if (list && window.EventSource) {
  const language = encodeURIComponent(document.documentElement.lang);
  const source = new EventSource(`/api/v1/jobs/${list.dataset.job}/events?lang=${language}`);
  let last = Number(list.dataset.last);
  const part = (name, text, attributes) => Object.assign(document.createElement(name), { textContent: text }, attributes);
  const add = (message) => {
    if (Number(message.lastEventId) <= last) return;
    last = Number(message.lastEventId);
    const told = JSON.parse(message.data);
    const item = part("li", "", { className: `${told.kind} ${told.status}` });
    if (told.title) {
      item.append(part("strong", told.title, { lang: "en" }));
      if (told.part) item.append(" · ", part("bdi", told.part));
      item.append(": ");
    }
    item.append(part("span", told.text, { dir: "auto" }));
    list.append(item);
  };
  source.addEventListener("stage", add);
  source.addEventListener("result", add);
  source.addEventListener("end", () => {
    source.close();
    location.reload();
  });
}
