#include "runtime/emulator/instrumentation.hpp"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/ReplaceConstant.h>
#include <llvm/Support/Alignment.h>
#include <map>
#include <tuple>
#include <vector>

namespace chela::emulator {

namespace {

constexpr const char* shared_section = "chela_shared";

/// The lines that reports name, each once.
class SiteTable {
  public:
    explicit SiteTable(llvm::Module& module) : module_(module) { entries_.push_back(entry("", 0, "")); }

    std::uint32_t number(const llvm::Instruction& instruction) {
        const llvm::DILocation* location = instruction.getDebugLoc();
        if (!location) return 0;
        // Out of the prelude, to the line of the body that used it.
        while (location->getFilename().starts_with("prelude/") && location->getInlinedAt())
            location = location->getInlinedAt();
        const llvm::DISubprogram* function = location->getScope()->getSubprogram();
        const std::string name = function ? function->getName().str() : "";
        const auto key = std::make_tuple(location->getFilename().str(), location->getLine(), name);
        const auto [found, added] = numbers_.try_emplace(key, static_cast<std::uint32_t>(entries_.size()));
        if (added)
            entries_.push_back(
                entry(location->getFilename(), static_cast<std::int32_t>(location->getLine()), name));
        return found->second;
    }

    void emit() {
        auto* type = llvm::ArrayType::get(entries_.front()->getType(), entries_.size());
        define(sites_symbol, llvm::ConstantArray::get(type, entries_));
        define_number(site_count_symbol, static_cast<std::uint32_t>(entries_.size()));
    }

    void define_number(const char* name, std::uint32_t value) {
        define(name, llvm::ConstantInt::get(llvm::Type::getInt32Ty(module_.getContext()), value));
    }

  private:
    llvm::Constant* entry(llvm::StringRef file, std::int32_t line, llvm::StringRef function) {
        auto& context = module_.getContext();
        auto* number = llvm::ConstantInt::getSigned(llvm::Type::getInt32Ty(context), line);
        return llvm::ConstantStruct::getAnon({text(file), number, text(function)});
    }

    llvm::Constant* text(llvm::StringRef value) {
        auto& global = texts_[value.str()];
        if (!global) {
            const std::string name = "chela_emulator_text_" + std::to_string(texts_.size());
            global = define(name, llvm::ConstantDataArray::getString(module_.getContext(), value));
            global->setLinkage(llvm::GlobalValue::PrivateLinkage);
        }
        return global;
    }

    llvm::GlobalVariable* define(const std::string& name, llvm::Constant* value) {
        auto* const global =
            llvm::cast<llvm::GlobalVariable>(module_.getOrInsertGlobal(name, value->getType()));
        global->setInitializer(value);
        global->setConstant(true);
        return global;
    }

    llvm::Module& module_;
    std::vector<llvm::Constant*> entries_;
    std::map<std::tuple<std::string, unsigned, std::string>, std::uint32_t> numbers_;
    std::map<std::string, llvm::GlobalVariable*> texts_;
};

/// The parameter arrives as an address instead of as a copy on the stack: the caller need not know its type.
void pass_arguments_by_address(llvm::Function& entry) {
    for (llvm::Argument& argument : entry.args())
        if (argument.hasByValAttr()) argument.removeAttr(llvm::Attribute::ByVal);
}

/// Moves variables declared __shared__ into the memory of the block. Returns its bytes.
std::uint32_t move_shared_variables(llvm::Module& module) {
    std::vector<llvm::GlobalVariable*> variables;
    for (llvm::GlobalVariable& variable : module.globals())
        if (variable.getSection() == shared_section) variables.push_back(&variable);
    if (variables.empty()) return 0;
    std::vector<llvm::Constant*> constants(variables.begin(), variables.end());
    llvm::convertUsersOfConstantsToInstructions(constants);
    auto* const pointer = llvm::PointerType::getUnqual(module.getContext());
    const llvm::FunctionCallee base = module.getOrInsertFunction("chela_emulator_static_shared", pointer);
    std::map<llvm::Function*, llvm::Value*> bases;
    std::uint64_t offset = 0;
    for (llvm::GlobalVariable* variable : variables) {
        const std::uint64_t alignment =
            std::max<std::uint64_t>(variable->getAlign().valueOrOne().value(), 16);
        offset = llvm::alignTo(offset, alignment);
        for (llvm::Use& use : llvm::make_early_inc_range(variable->uses())) {
            auto* const user = llvm::cast<llvm::Instruction>(use.getUser());
            llvm::Function& function = *user->getFunction();
            llvm::IRBuilder<> builder(&*function.getEntryBlock().getFirstInsertionPt());
            llvm::Value*& start = bases[&function];
            if (!start)
                start = builder.CreateCall(base);
            else
                builder.SetInsertPoint(llvm::cast<llvm::Instruction>(start)->getNextNode());
            use.set(builder.CreateConstGEP1_64(builder.getInt8Ty(), start, offset));
        }
        offset += module.getDataLayout().getTypeAllocSize(variable->getValueType());
        variable->eraseFromParent();
    }
    return static_cast<std::uint32_t>(offset);
}

/// Whether an address can only be that of a local variable, a constant or the argument block.
bool is_private(const llvm::Value* address, const llvm::Function* entry) {
    llvm::SmallVector<const llvm::Value*, 4> objects;
    llvm::getUnderlyingObjects(address, objects, nullptr, 0);
    return llvm::all_of(objects, [&](const llvm::Value* object) {
        if (llvm::isa<llvm::AllocaInst>(object)) return true;
        if (const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(object)) return global->isConstant();
        const auto* argument = llvm::dyn_cast<llvm::Argument>(object);
        return argument && argument->getParent() == entry;
    });
}

struct Access {
    llvm::Instruction* before;
    llvm::Value* address;
    llvm::Value* bytes;
    llvm::Align alignment;
    bool write;
};

void collect(llvm::Instruction& instruction, const llvm::DataLayout& layout, std::vector<Access>& accesses) {
    auto* const size_type = llvm::Type::getInt64Ty(instruction.getContext());
    const auto bytes_of = [&](llvm::Type* type) {
        return llvm::ConstantInt::get(size_type, layout.getTypeStoreSize(type).getFixedValue());
    };
    if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
        accesses.push_back(
            {load, load->getPointerOperand(), bytes_of(load->getType()), load->getAlign(), false});
    } else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
        accesses.push_back({store, store->getPointerOperand(), bytes_of(store->getValueOperand()->getType()),
                            store->getAlign(), true});
    } else if (auto* memory = llvm::dyn_cast<llvm::AnyMemIntrinsic>(&instruction)) {
        accesses.push_back(
            {memory, memory->getRawDest(), memory->getLength(), memory->getDestAlign().valueOrOne(), true});
        if (auto* transfer = llvm::dyn_cast<llvm::AnyMemTransferInst>(memory))
            accesses.push_back({memory, transfer->getRawSource(), memory->getLength(),
                                transfer->getSourceAlign().valueOrOne(), false});
    } else if (auto* atomic = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
        accesses.push_back(
            {atomic, atomic->getPointerOperand(), bytes_of(atomic->getType()), atomic->getAlign(), true});
    } else if (auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
        accesses.push_back({exchange, exchange->getPointerOperand(),
                            bytes_of(exchange->getNewValOperand()->getType()), exchange->getAlign(), true});
    }
}

void check_accesses(llvm::Module& module, const llvm::Function* entry, SiteTable& sites) {
    std::vector<Access> accesses;
    for (llvm::Function& function : module)
        for (llvm::Instruction& instruction : llvm::instructions(function))
            collect(instruction, module.getDataLayout(), accesses);
    auto& context = module.getContext();
    auto* const number = llvm::Type::getInt32Ty(context);
    const llvm::FunctionCallee check = module.getOrInsertFunction(
        "chela_emulator_access", llvm::Type::getVoidTy(context), llvm::PointerType::getUnqual(context),
        llvm::Type::getInt64Ty(context), number, number);
    for (const Access& access : accesses) {
        if (is_private(access.address, entry)) continue;
        const std::uint32_t info = llvm::Log2(access.alignment) << 1 | (access.write ? 1u : 0u);
        llvm::IRBuilder<> builder(access.before);
        builder.CreateCall(check,
                           {access.address, builder.CreateZExtOrTrunc(access.bytes, builder.getInt64Ty()),
                            builder.getInt32(info), builder.getInt32(sites.number(*access.before))});
    }
}

void number_sites(llvm::Module& module, SiteTable& sites) {
    llvm::Function* const site = module.getFunction("chela_emulator_site");
    if (!site) return;
    for (llvm::User* user : llvm::make_early_inc_range(site->users())) {
        auto* const call = llvm::cast<llvm::CallInst>(user);
        call->replaceAllUsesWith(llvm::ConstantInt::get(call->getType(), sites.number(*call)));
        call->eraseFromParent();
    }
}

void instrument(llvm::Module& module, const std::string& entry_name) {
    SiteTable sites(module);
    llvm::Function* const entry = module.getFunction(entry_name);
    if (entry) pass_arguments_by_address(*entry);
    sites.define_number(static_shared_symbol, move_shared_variables(module));
    check_accesses(module, entry, sites);
    number_sites(module, sites);
    sites.emit();
}

} // namespace

std::shared_ptr<const ModuleTransform> make_instrumentation(std::string entry) {
    auto transform = std::make_shared<ModuleTransform>();
    transform->name = "emulator 1";
    transform->stage = ModuleTransform::Stage::after_optimization;
    transform->run = [entry = std::move(entry)](llvm::Module& module) { instrument(module, entry); };
    return transform;
}

} // namespace chela::emulator
