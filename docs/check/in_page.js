/* Runs inside a page, and returns what is wrong with it at the present width and in the present theme. */
(exceptions) => {
  const faults = [];
  const SLACK = 2; // pixels
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parsed = new Map();

  function excused(element, kind) {
    return exceptions.some((rule) => rule.kind === kind && element.closest(rule.selector));
  }

  function named(element) {
    const classes = [...element.classList].slice(0, 3).map((name) => "." + name).join("");
    const own = element.tagName.toLowerCase() + (element.id ? "#" + element.id : "") + classes;
    const parent = element.parentElement;
    const above = parent && parent !== document.body ? parent.tagName.toLowerCase() : "";
    const first = parent && parent.classList[0] ? "." + parent.classList[0] : "";
    return above ? `${above}${first} > ${own}` : own;
  }

  function report(kind, element, what) {
    if (!excused(element, kind)) {
      const text = (element.textContent || element.getAttribute("src") || "").trim().replace(/\s+/g, " ");
      faults.push({ kind, element: named(element), text: text.slice(0, 60), what });
    }
  }

  // Whatever way a colour is written: red, green and blue from 0 to 255, alpha from 0 to 1.
  function colour(written) {
    if (!parsed.has(written)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = written;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      parsed.set(written, [r, g, b, a / 255]);
    }
    return parsed.get(written);
  }

  function over(upper, lower) {
    const alpha = upper[3] + lower[3] * (1 - upper[3]);
    if (alpha === 0) return [0, 0, 0, 0];
    const mixed = [0, 1, 2].map((i) => (upper[i] * upper[3] + lower[i] * lower[3] * (1 - upper[3])) / alpha);
    return [...mixed, alpha];
  }

  // What is seen behind an element's text; null where a picture is, whose colours are not known.
  const behind = new Map();
  function background(element) {
    if (!element) return over(colour(getComputedStyle(document.documentElement).backgroundColor), [255, 255, 255, 1]);
    if (!behind.has(element)) {
      const style = getComputedStyle(element);
      let result = null;
      const own = colour(style.backgroundColor);
      if (style.backgroundImage === "none" || own[3] === 1) {
        const below = own[3] === 1 ? own : background(element.parentElement);
        result = below && over([own[0], own[1], own[2], own[3] * Number(style.opacity)], below);
      }
      behind.set(element, result);
    }
    return behind.get(element);
  }

  function luminance([r, g, b]) {
    const [x, y, z] = [r, g, b].map((c) => (c <= 10.31475 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  }

  function contrast(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  // How opaque an element is drawn, with all that it stands in.
  const opacities = new Map();
  function opacity(element) {
    if (!element) return 1;
    if (!opacities.has(element)) {
      opacities.set(element, Number(getComputedStyle(element).opacity) * opacity(element.parentElement));
    }
    return opacities.get(element);
  }

  function checkContrast(element, style, written) {
    const below = background(element);
    if (!below) return;
    const [r, g, b, a] = colour(written);
    const seen = over([r, g, b, a * opacity(element)], below);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [ratio, needed] = [contrast(seen, below), large ? 3 : 4.5];
    if (ratio < needed - 0.005) {
      const hex = (c) => "#" + c.slice(0, 3).map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");
      report("contrast", element, `contrast ${ratio.toFixed(2)}, needs ${needed}: ${hex(seen)} on ${hex(below)}`);
    }
  }

  function visible(element) {
    return element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  }

  // What an element stands in that hides what goes beyond it, up to what scrolls: that can be reached, and cuts nothing.
  const edges = new Map();
  function hiding(element) {
    if (!element || element === document.body) return { x: [], y: [], free: false };
    if (!edges.has(element)) {
      const style = getComputedStyle(element);
      const hides = (value) => value === "hidden" || value === "clip";
      const scrolls = (value) => value === "auto" || value === "scroll";
      const above = style.position === "fixed" ? { x: [], y: [], free: true } : hiding(element.parentElement);
      edges.set(element, {
        x: scrolls(style.overflowX) ? [] : hides(style.overflowX) ? [element, ...above.x] : above.x,
        y: scrolls(style.overflowY) ? [] : hides(style.overflowY) ? [element, ...above.y] : above.y,
        free: above.free || scrolls(style.overflowX),
      });
    }
    return edges.get(element);
  }

  function checkClipping(element, box) {
    const { x, y, free } = hiding(element);
    for (const above of x) {
      const edge = above.getBoundingClientRect();
      if (box.right > edge.right + SLACK || box.left < edge.left - SLACK) {
        report("clipped", element, `text is cut at the side by ${named(above)}`);
        return;
      }
    }
    for (const above of y) {
      const edge = above.getBoundingClientRect();
      if (box.bottom > edge.bottom + SLACK || box.top < edge.top - SLACK) {
        report("clipped", element, `text is cut above or below by ${named(above)}`);
        return;
      }
    }
    if (!free && (box.right > document.documentElement.clientWidth + SLACK || box.right < 0)) {
      report("clipped", element, "text goes beyond the page");
    }
  }

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width + 1) {
    let widest = document.body;
    for (const element of document.body.querySelectorAll("*")) {
      const held = (e) => e && e !== document.body && (getComputedStyle(e).overflowX !== "visible" || held(e.parentElement));
      if (element.getBoundingClientRect().right > width + 1 && !held(element.parentElement)) widest = element;
    }
    report("overflow", widest, `the page is ${document.documentElement.scrollWidth} pixels wide`);
  }

  const range = document.createRange();
  for (const element of document.body.querySelectorAll("*")) {
    if (element.namespaceURI === "http://www.w3.org/1998/Math/MathML" || !visible(element)) continue;
    const style = getComputedStyle(element);
    if (/auto|scroll/.test(style.overflowX) && element.scrollWidth > element.clientWidth + 1) {
      if (element.tabIndex < 0) report("scrolling", element, "scrolls sideways, and not by the keyboard");
      else if (!element.dataset.more) report("scrolling", element, "scrolls sideways, and does not show it");
    }
    if (element.matches("input, textarea") && element.placeholder && !element.value) {
      checkContrast(element, style, getComputedStyle(element, "::placeholder").color);
    }
    if (element.matches("input:not([type=range], [type=radio], [type=checkbox]), textarea, select") && !element.disabled) checkContrast(element, style, style.color);
    const texts = [...element.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (element.tagName.startsWith("MJX-CONTAINER")) checkContrast(element, style, style.color);
    if (!texts.length || element.matches("script, style, option, :disabled, :disabled *")) continue;
    range.setStart(texts[0], 0);
    range.setEnd(texts[texts.length - 1], texts[texts.length - 1].length);
    const box = range.getBoundingClientRect();
    const edge = element.getBoundingClientRect();
    // For screen readers alone: a box of one pixel.
    if (box.width < 1 || box.height < 1 || (edge.width <= 1 && edge.height <= 1)) continue;
    checkContrast(element, style, element.ownerSVGElement ? style.fill : style.color);
    checkClipping(element, box);
  }

  for (const image of document.images) {
    if (visible(image) && image.complete && image.naturalWidth === 0) {
      report("image", image, `picture is broken: ${image.getAttribute("src")}`);
    }
  }
  return faults;
}
