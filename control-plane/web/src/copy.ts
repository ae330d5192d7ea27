// A copy button beside everything that is to be pasted elsewhere: `data-copy` names nothing but the element that holds it.

export function copyButtons(root: ParentNode): void {
  for (const place of root.querySelectorAll<HTMLElement>("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${place.dataset.copy ?? ""}`.trim());
    button.addEventListener("click", () => void copy(place, button));
    place.append(button);
  }
}

async function copy(place: HTMLElement, button: HTMLButtonElement): Promise<void> {
  const text = place.firstElementChild?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Without the permission (or on plain http) the reader copies by hand: the text is selected for that.
    const held = place.firstElementChild;
    if (held) getSelection()?.selectAllChildren(held);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}
