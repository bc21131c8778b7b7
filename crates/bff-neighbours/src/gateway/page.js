// What a page of the shop does: ask the BFF of its own origin, with the header that says so.
"use strict";

const element = (id) => document.getElementById(id);
let key = crypto.randomUUID();

async function ask(method, path, headers, item) {
  const body = item && JSON.stringify(item);
  const reply = await fetch(path, { method, body, headers: { "X-CSRF": "1", ...headers } });
  const said = await reply.json();
  const sent = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`).join("");
  const request = `${method} ${path}\nX-CSRF: 1\n${sent}${body ?? ""}`.trimEnd();
  element("said").textContent = `${request}\n\n${reply.status}\n${JSON.stringify(said, null, 2)}`;
  return { status: reply.status, said };
}

function put(units) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  return ask("POST", "/web/v1/cart/items", headers, { productId: "p-1", units });
}

async function look() {
  const { status, said } = await ask("GET", "/bff/user", {});
  element("login").hidden = status !== 401;
  element("tools").hidden = status !== 200;
  if (status === 200) {
    element("logout").href = said.logoutUrl;
    element("who").textContent = `Signed in as ${said.claims.name} (${said.claims.sub}).`;
  } else {
    element("who").textContent = status === 401 ? "Nobody is signed in." : said.message;
  }
}

for (const button of document.querySelectorAll("[data-get]")) {
  button.onclick = () => ask("GET", button.dataset.get, {});
}
element("add").onclick = () => {
  key = crypto.randomUUID();
  put(2);
};
element("again").onclick = () => put(2);
element("too-many").onclick = () => {
  key = crypto.randomUUID();
  put(21);
};
look();
