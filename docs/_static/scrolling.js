/* Marks boxes whose contents go on beyond an edge, so that the style sheet can show it. */
(() => {
  const boxes = ".bd-article :is(.pst-scrollable-table-container, pre, div.math, .output.text_html)";

  function mark(box) {
    const beyond = box.scrollWidth - box.clientWidth;
    const left = box.scrollLeft > 1;
    const right = box.scrollLeft < beyond - 1;
    if (beyond > 1 && (left || right)) {
      box.dataset.more = left && right ? "both" : left ? "left" : "right";
    } else {
      delete box.dataset.more;
    }
    if (beyond > 1) {
      box.tabIndex = 0;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const observer = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
    document.querySelectorAll(boxes).forEach((box) => {
      box.addEventListener("scroll", () => mark(box), { passive: true });
      observer.observe(box);
    });
  });
})();
