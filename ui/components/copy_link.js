// Copies a link that the server built; where copying is not allowed, shows it for copying by hand.
// It also notices that a server was started anew under an open page: the new session knows neither
// the file nor the settings, and would show its first example in their place. The page is then
// loaded again with the link of what was open, as if somebody had followed that link.

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".alslope-link");
  const button = root.querySelector("button");
  const field = root.querySelector("input");
  const script = document.querySelector('script[src*="static/js/"]');
  const base = script ? script.src.split("static/js/")[0] : new URL(".", document.baseURI).href;
  const before = window.alslopeSession;
  window.alslopeSession = { session: data.session, path: data.path };
  if (before && before.session !== data.session) {
    window.location.replace(`${base}${data.path.split("?")[0]}?${before.path.split("?")[1]}`);
    return;
  }
  const address = base + data.path;
  root.dataset.link = address;
  button.title = data.hint;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(address);
      button.textContent = "Link copied";
      setTimeout(() => {
        button.textContent = "Copy link";
      }, 2500);
    } catch {
      field.value = address;
      field.hidden = false;
      field.focus();
      field.select();
    }
  };
}
