//! The modules of a crate, and what each names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::graph::Imports;

/// A path in code, segment by segment.
type Segments = Vec<String>;

/// The modules of one crate; the root is the first.
pub(super) struct Modules(Vec<Module>);

struct Module {
    file: PathBuf,
    parent: usize,
    children: BTreeMap<String, usize>,
    /// What is defined here.
    items: BTreeSet<String>,
    uses: Vec<Use>,
    /// Paths of several segments.
    paths: BTreeSet<Segments>,
    /// Names without a path.
    names: BTreeSet<String>,
}

struct Use {
    /// None for `*`.
    name: Option<String>,
    path: Segments,
    /// Whether it is a `pub use`, in whatever sense of `pub`.
    passed_on: bool,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Found {
    Module(usize),
    /// An item that this module defines.
    Item(usize),
}

impl Modules {
    pub(super) fn read(crate_root: &Path) -> Self {
        let mut modules = Self(Vec::new());
        modules.read_file(crate_root, crate_root.parent().unwrap(), 0);
        modules
    }

    /// Reads the module in `file`, whose children are in `folder`.
    fn read_file(&mut self, file: &Path, folder: &Path, parent: usize) -> usize {
        let text =
            std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let module = self.open(file, parent);
        Reader { modules: self, module, folder }.visit_file(&parsed);
        module
    }

    fn open(&mut self, file: &Path, parent: usize) -> usize {
        self.0.push(Module {
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            uses: Vec::new(),
            paths: BTreeSet::new(),
            names: BTreeSet::new(),
        });
        self.0.len() - 1
    }

    pub(super) fn imports(&self) -> Imports {
        let mut imports = Imports::default();
        for (index, module) in self.0.iter().enumerate() {
            imports.add_file(&module.file);
            let used = module.uses.iter().filter(|used| {
                !used.passed_on || used.name.as_ref().is_some_and(|name| module.names.contains(name))
            });
            for path in used.map(|used| &used.path).chain(&module.paths) {
                if let Some(Found::Item(found)) = self.find(index, path, 0) {
                    imports.add(&module.file, &self.0[found].file, &path.join("::"));
                }
            }
            for used in module.uses.iter().filter(|used| used.name.is_none() && !used.passed_on) {
                if let Some(Found::Module(found)) = self.find(index, &used.path, 0) {
                    imports.add(&module.file, &self.0[found].file, "*");
                }
            }
        }
        imports
    }

    /// What `path` means in `module`; none for what is not of this crate. `depth` ends the search where names are passed on in a circle.
    fn find(&self, module: usize, path: &[String], depth: usize) -> Option<Found> {
        if depth > 16 {
            return None;
        }
        let (first, mut rest) = path.split_first()?;
        let mut found = match first.as_str() {
            "crate" => Found::Module(0),
            "self" => Found::Module(module),
            "super" => Found::Module(self.0[module].parent),
            name => self.member(module, name, rest.is_empty(), depth)?,
        };
        while let (Found::Module(at), Some((name, behind))) = (found, rest.split_first()) {
            found = if name == "super" {
                Found::Module(self.0[at].parent)
            } else {
                self.member(at, name, behind.is_empty(), depth)?
            };
            rest = behind;
        }
        Some(found)
    }

    /// What is called `name` in `module`: the module of that name where the path goes on, or else the item, where there are both.
    fn member(&self, module: usize, name: &str, is_last: bool, depth: usize) -> Option<Found> {
        let here = &self.0[module];
        let child = here.children.get(name).map(|child| Found::Module(*child));
        let item = here.items.contains(name).then_some(Found::Item(module));
        let direct = if is_last { item } else { child.or(item) };
        let used = || {
            let uses = here.uses.iter().filter(|used| used.name.as_deref() == Some(name));
            uses.filter_map(|used| self.find(module, &used.path, depth + 1)).next()
        };
        let globbed = || {
            let globs = here.uses.iter().filter(|used| used.name.is_none());
            globs.filter_map(|used| self.find(module, &used.path, depth + 1)).find_map(|found| match found {
                Found::Module(other) if other != module => self.member(other, name, is_last, depth + 1),
                Found::Module(_) | Found::Item(_) => None,
            })
        };
        direct.or_else(used).or(child).or_else(globbed)
    }
}

/// Reads one module into its entry.
struct Reader<'a> {
    modules: &'a mut Modules,
    module: usize,
    /// Where the files of its children are.
    folder: &'a Path,
}

impl Reader<'_> {
    fn here(&mut self) -> &mut Module {
        &mut self.modules.0[self.module]
    }

    fn define(&mut self, name: &syn::Ident) {
        self.here().items.insert(name.to_string());
    }

    fn name(&mut self, mut path: Segments) {
        if path.len() > 1 {
            self.here().paths.insert(path);
        } else if let Some(name) = path.pop() {
            self.here().names.insert(name);
        }
    }

    /// Every path in what a macro or an attribute is given.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = Segments::new();
        // Colons since the last segment.
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.name(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Punct(_) => self.name(std::mem::take(&mut path)),
                TokenTree::Group(group) => {
                    self.name(std::mem::take(&mut path));
                    self.scan(group.stream());
                }
                TokenTree::Literal(literal) => {
                    self.name(std::mem::take(&mut path));
                    // serde's attributes hold paths as texts.
                    let text = literal.to_string();
                    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                    if let Some(Ok(path)) = quoted.map(syn::parse_str::<syn::Path>) {
                        self.visit_path(&path);
                    }
                }
            }
        }
        self.name(path);
    }

    fn read_use(&mut self, tree: &syn::UseTree, before: &[String], passed_on: bool) {
        let path = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Segments>();
        let (name, path) = match tree {
            syn::UseTree::Path(inner) => return self.read_use(&inner.tree, &path(&inner.ident), passed_on),
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.read_use(tree, before, passed_on));
            }
            syn::UseTree::Name(name) if name.ident == "self" => (before.last().cloned(), before.to_vec()),
            syn::UseTree::Name(name) => (Some(name.ident.to_string()), path(&name.ident)),
            syn::UseTree::Rename(renamed) => (Some(renamed.rename.to_string()), path(&renamed.ident)),
            syn::UseTree::Glob(_) => (None, before.to_vec()),
        };
        self.here().uses.push(Use { name, path, passed_on });
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        syn::Meta::List(_) | syn::Meta::Path(_) | syn::Meta::NameValue(_) => false,
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_test(&item.attrs) {
            return;
        }
        let name = item.ident.to_string();
        let (folder, parent) = (self.folder.join(&name), self.module);
        let child = match &item.content {
            Some((_, items)) => {
                let file = self.here().file.clone();
                let module = self.modules.open(&file, parent);
                let mut reader = Reader { modules: self.modules, module, folder: &folder };
                items.iter().for_each(|item| reader.visit_item(item));
                module
            }
            None => {
                let given = item.attrs.iter().find_map(|attribute| match &attribute.meta {
                    syn::Meta::NameValue(pair) if pair.path.is_ident("path") => Some(&pair.value),
                    syn::Meta::NameValue(_) | syn::Meta::Path(_) | syn::Meta::List(_) => None,
                });
                assert!(given.is_none(), "{name}: a module stands where its name says");
                let flat = self.folder.join(format!("{name}.rs"));
                let file = if flat.is_file() { flat } else { folder.join("mod.rs") };
                self.modules.read_file(&file, &folder, parent)
            }
        };
        self.here().children.insert(name, child);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_test(&item.attrs) && item.leading_colon.is_none() {
            let passed_on = !matches!(item.vis, syn::Visibility::Inherited);
            self.read_use(&item.tree, &[], passed_on);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.define(&item.sig.ident);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_test(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if !is_test(&item.attrs) {
            self.define(&item.ident);
            visit::visit_item_struct(self, item);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.define(&item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.define(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.define(&item.ident);
        visit::visit_item_type(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if !is_test(&item.attrs) {
            self.define(&item.ident);
            visit::visit_item_const(self, item);
        }
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.define(&item.ident);
        visit::visit_item_static(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        item.ident.iter().for_each(|name| self.define(name));
        visit::visit_item_macro(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.name(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        visit::visit_macro(self, called);
        self.scan(called.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone());
        }
    }
}
