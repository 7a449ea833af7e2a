/** Files that somebody dropped or chose, with their place in the folder. */
export interface Picked {
  /** Place in the folder, with its name; the bare name of a file that was chosen alone. */
  path: string;
  file: File;
  /** Gives the file as it is now on the disk; null where the browser cannot look again. */
  again: (() => Promise<File>) | null;
}

const READ = /\.(jpe?g|png|tiff?)$/i;
const FOREIGN = /\.(arw|avif|bmp|cr[23]|dng|hei[cf]|nef|orf|raf|rw2|webp)$/i;

/** Say whether a file is a photo that is read, one that is not, or something else. */
export function kindOf(name: string): "photo" | "foreign" | "other" {
  const base = name.slice(name.lastIndexOf("/") + 1);
  if (base.startsWith(".")) return "other"; // macOS puts "._DJI_0001.JPG" beside a photo
  if (READ.test(base)) return "photo";
  return FOREIGN.test(base) ? "foreign" : "other";
}

/** Order as the camera counted: DJI_9 before DJI_10. */
export function inOrder(files: readonly Picked[]): Picked[] {
  const order = new Intl.Collator("en", { numeric: true });
  return [...files].sort((one, other) => order.compare(one.path, other.path));
}

/** Give what an input of files holds. */
export function fromInput(files: Iterable<File>): Picked[] {
  return inOrder(
    [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file, again: null })),
  );
}

/**
 * Give what was dropped, folders walked to their ends.
 *
 * The entries are taken at once: the list that a drop carries is empty after the first wait.
 */
export async function fromDrop(items: Iterable<DataTransferItem>): Promise<Picked[]> {
  const dropped = [...items].map((item) => [item.webkitGetAsEntry(), item.getAsFile()] as const);
  const found = await Promise.all(
    dropped.map(([entry, file]) => (entry ? walk(entry) : file ? fromInput([file]) : [])),
  );
  return inOrder(found.flat());
}

async function walk(entry: FileSystemEntry): Promise<Picked[]> {
  if (isFile(entry)) {
    const again = () => fileOf(entry);
    return [{ path: entry.fullPath.replace(/^\//, ""), file: await again(), again }];
  }
  if (!isFolder(entry)) return [];
  const reader = entry.createReader();
  const found: Picked[] = [];
  for (;;) {
    // Browsers give a hundred at a time, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return found;
    for (const inside of some) found.push(...(await walk(inside)));
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });
}
