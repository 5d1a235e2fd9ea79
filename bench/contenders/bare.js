// A fetch, and the answer in sessionStorage.

import { openWith } from "./shared/session_storage.js";

export { adopt } from "./shared/session_storage.js";
export { finishSignIn, signIn } from "./shared/sign_in.js";

export const open = (config) => openWith(config);
