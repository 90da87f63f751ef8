/** For labels and descriptions of quick picks, where `$(name)` would be an icon. */
export const plainLabel = (text: string): string => text.replaceAll('$(', '$\u200B(');
