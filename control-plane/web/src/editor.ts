// The draft of a policy in an editor. Entry of its own: no other page loads it. Without it the textarea is the editor, and
// with it the textarea still is what the form sends.
import { basicEditor } from "./editor/editor";

const area = document.querySelector<HTMLTextAreaElement>("textarea[data-editor]");
if (area) basicEditor(area);
