// Copies a link that the server built; where copying is not allowed, shows it for copying by hand.

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".alslope-link");
  const button = root.querySelector("button");
  const field = root.querySelector("input");
  const script = document.querySelector('script[src*="static/js/"]');
  const base = script ? script.src.split("static/js/")[0] : new URL(".", document.baseURI).href;
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
