// The login page: begins and ends a session of this browser.

import { createApi } from "../shared/api.js";
import { elementsById, showError } from "./page.js";
import { offerTheme } from "./theme.js";

const api = createApi({ base: "." });
const page = elementsById();
offerTheme(page.theme);

page.login.addEventListener("submit", async (event) => {
  event.preventDefault();
  page.enter.disabled = true;
  try {
    await api.logIn(page.username.value, page.password.value);
    location.assign(placeAfter(location.search));
  } catch (error) {
    page.password.value = "";
    showError(page.error, error);
  } finally {
    page.enter.disabled = false;
  }
});

page.leave.addEventListener("click", async () => {
  try {
    const elsewhere = await api.logOut();
    if (elsewhere) {
      location.assign(elsewhere);
    } else {
      location.reload();
    }
  } catch (error) {
    showError(page.error, error);
  }
});

offerLogins();
showWhoIsLoggedIn();

/** The form of the server's accounts, and the link to a provider. */
async function offerLogins() {
  const ways = await api.loginWays().catch(() => ({ accounts: true }));
  page.login.hidden = !ways.accounts;
  page.provider.hidden = !ways.browser_login;
  if (ways.browser_login) {
    page["sign-in"].textContent = `Sign in with ${ways.browser_login}`;
    page["sign-in"].href = `auth/openid?next=${encodeURIComponent(placeAfter(location.search))}`;
  }
}

async function showWhoIsLoggedIn() {
  const user = await api.whoAmI().catch(() => null);
  if (user) {
    page.status.textContent = `You are logged in as ${user.username}.`;
    page.leave.hidden = false;
  }
}

/** Where a person wanted to go: a path of this server, never another site. */
export function placeAfter(search) {
  const wanted = new URL(new URLSearchParams(search).get("next") ?? "/", location.origin);
  return wanted.origin === location.origin ? wanted.pathname + wanted.search : "/";
}
