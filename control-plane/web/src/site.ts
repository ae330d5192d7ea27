// What scripts add to pages that work without them.
import { copyButtons } from "./copy";
import { localTimes } from "./time";

copyButtons(document);
localTimes(document);
