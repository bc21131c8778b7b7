const every = 2000;
const refresh = async () => {
  try {
    const answer = await fetch("/console", { cache: "no-store", signal: AbortSignal.timeout(every * 2) });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const held = String(getSelection()) !== "";
    document.getElementById("held").hidden = !held;
    if (!held) {
      const open = [...document.querySelectorAll("details[open]")].map((part) => part.id);
      document.title = page.title;
      document.querySelector("main").replaceWith(page.querySelector("main"));
      open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
    }
  } catch {
    document.title = "OUT OF DATE";
    document.querySelector("main").className = "stale";
    document.getElementById("silent").hidden = false;
  }
  setTimeout(refresh, every);
};
setTimeout(refresh, every);
