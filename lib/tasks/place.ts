/** Where an example stands, for messages. */
export function placeOf({ file, line }: { file?: string | undefined; line?: number | undefined }): string {
  return file === undefined ? 'an example' : `${file}${line === undefined ? '' : `, line ${line}`}`
}
