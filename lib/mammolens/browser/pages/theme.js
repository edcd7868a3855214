// Light or dark: as the system says, or as the person chose on this computer.

const KEY = "mammolens-theme";
const NAMES = { system: "System colours", light: "Light", dark: "Dark" };

/** Apply the person's choice, and let a button change it. */
export function offerTheme(button) {
  const order = Object.keys(NAMES);
  let theme = order.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system";
  const apply = () => {
    if (theme === "system") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
    button.textContent = NAMES[theme];
    button.title = "Change between system colours, light and dark";
  };
  button.addEventListener("click", () => {
    theme = order[(order.indexOf(theme) + 1) % order.length];
    localStorage.setItem(KEY, theme);
    apply();
  });
  apply();
}
