// Pages of an account that need no more than passwords which can be shown.

import { letPasswordsShow } from "./passwords.js";
import { speak } from "./texts.js";

speak(document);
letPasswordsShow();
