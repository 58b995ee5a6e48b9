/** Where an example stands, for messages. */
export function placeOf({ file, line }: { file?: string; line?: number }): string {
  return file === undefined ? 'an example' : `${file}${line === undefined ? '' : `, line ${line}`}`
}
