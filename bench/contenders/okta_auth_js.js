import { OktaAuth } from "@okta/okta-auth-js";
import { contenderOf } from "./shared/okta.js";

export const { adopt, open, signIn, finishSignIn } = contenderOf(OktaAuth);
