/** Style sheets that the bundler takes into the page's .css. */
declare module '*.css';
