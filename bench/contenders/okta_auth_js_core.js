import { OktaAuth } from "@okta/okta-auth-js/core";
import { contenderOf } from "./shared/okta.js";

export const { adopt, open, signIn, finishSignIn } = contenderOf(OktaAuth);
