// Returns every visible text whose contrast with what lies behind it is below WCAG 2.2 AA.
() => {
  const channel = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (text) => {
    if (!known.has(text)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = text;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, a / 255]);
    }
    return known.get(text);
  };
  const over = (top, below) => below.map((v, i) => top[3] * top[i] + (1 - top[3]) * v);
  const chain = (element) => {
    const found = [];
    for (let at = element; at; at = at.parentElement) found.unshift(at);
    return found;
  };
  const behind = (element) => {
    let colour = [255, 255, 255];
    for (const at of chain(element)) {
      const style = getComputedStyle(at);
      const fill = at instanceof SVGElement ? "rgba(0,0,0,0)" : style.backgroundColor;
      colour = over(rgba(fill), colour);
    }
    return colour;
  };
  const opacity = (element) =>
    chain(element).reduce((all, at) => all * Number(getComputedStyle(at).opacity), 1);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = new Map();
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    // Disabled controls are exempt; the names of icons are drawn as pictures.
    if (element.closest("[disabled], [aria-disabled='true'], script, style, noscript")) continue;
    // What a slider shows stands above its thumb, not on it; its ends are painted on pointing.
    if (element.closest("[data-testid='stSliderThumbValue'], [data-testid='stSliderTickBar']")) continue;
    const style = getComputedStyle(element);
    const icon = /material/i.test(style.fontFamily) || element.closest("[data-testid='stIconMaterial'], [data-testid='stBaseButton-borderlessIcon']");
    const ink = rgba(element instanceof SVGElement ? style.fill : style.color);
    const back = behind(element);
    const mixed = over([...ink.slice(0, 3), ink[3] * opacity(element)], back);
    const [a, b] = [luminance(mixed), luminance(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const floor = icon || large ? 3 : 4.5;
    if (ratio < floor - 0.005) {
      const key = `${ratio.toFixed(2)} ${style.fontSize} ${element.tagName} ${element.className.baseVal ?? element.className}`.slice(0, 120);
      if (!low.has(key)) low.set(key, text.slice(0, 60));
    }
  }
  return [...low].map(([key, text]) => `${key}: ${text}`);
}
