/** Whether the hub allows it as `name` or `owner/name`; anything else can only have been meant as a path. */
export function isHubName(name: string): boolean {
  return /^[\w.-]+(\/[\w.-]+)?$/.test(name) && !/^\.|\/\.|\.\.|--/.test(name) && name.length <= 96
}
