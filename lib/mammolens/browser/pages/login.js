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
    await api.logOut();
    location.reload();
  } catch (error) {
    showError(page.error, error);
  }
});

showWhoIsLoggedIn();

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
