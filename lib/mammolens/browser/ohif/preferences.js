// What this browser remembers of how a reader likes to work.

const PREFIX = "mammolens-ohif-";

/** Values by name; a storage that is full or forbidden only means that they last as long as the page. */
export class Preferences {
  constructor(storage) {
    this.storage = storage;
    this.values = new Map();
  }

  get(name, otherwise) {
    try {
      return this.values.get(name) ?? JSON.parse(this.storage.getItem(PREFIX + name)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  set(name, value) {
    this.values.set(name, value);
    try {
      this.storage.setItem(PREFIX + name, JSON.stringify(value));
    } catch (error) {
      console.debug("not remembered", error);
    }
  }
}
