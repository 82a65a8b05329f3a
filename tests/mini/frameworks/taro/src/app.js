// The program: nothing around its pages.

export default function App({ children }) {
  return children;
}
