// The form of an event with scripts: what its page will show is seen before it is saved.

import {presentEvent} from "./organise_presentation.js";

presentEvent();
